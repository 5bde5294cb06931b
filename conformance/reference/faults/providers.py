"""Faults of what single providers document; each shows on the provider of that profile alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.examples import printed_requirements
from conformance.reference.call import Call
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, ErrorReply, not_found
from conformance.reference.fault import fault
from conformance.reference.reply import Frame, Reply

Json = dict[str, Any]


@fault(
    "assisters.moderate.accepts",
    at="authorised",
    route="providers.moderate",
    when=lambda call: b"I like" in call.raw,
)
def no_moderate(call: Call, verdict: object) -> None:
    """POST /moderate is answered 500."""
    raise RuntimeError("planted")


@fault("assisters.moderate.shape", at="reply", route="providers.moderate")
def no_flag(call: Call, reply: Json) -> None:
    """The result of a moderation has no `flagged`."""
    for result in reply["results"]:
        del result["flagged"]


@fault("assisters.models.listed", at="reply", route="models.list")
def unlisted(call: Call, reply: Json) -> None:
    """A documented model is missing in the list."""
    reply["data"] = [model for model in reply["data"] if model["id"] != "llama-3.1-70b"]


@fault("assisters.models.dimensions", at="reply", route="embeddings")
def short_vector(call: Call, reply: Json) -> None:
    """Vectors have 768 dimensions."""
    for item in reply["data"]:
        if isinstance(item["embedding"], list):
            item["embedding"] = item["embedding"][:768]


@fault("assisters.models.dimensions-base64", at="reply", route="embeddings")
def short_base64(call: Call, reply: Json) -> None:
    """Base64 vectors have 768 dimensions."""
    for item in reply["data"]:
        if isinstance(item["embedding"], str):
            item["embedding"] = item["embedding"][: 768 * 16 // 3]


@fault("assisters.models.openai-name", at="request", route="chat")
def substituted(call: Call, body: Json) -> None:
    """gpt-4 is replaced in silence by another model."""
    if body.get("model") == "gpt-4":
        body["model"] = "llama-3.1-8b"


@fault("assisters.headers.request-id", at="http")
def no_request_id(call: Call, reply: Reply) -> None:
    """Errors have no request id."""
    if reply.status >= 400:
        reply.drop("x-request-id")


@fault("assisters.headers.processing-time", at="http")
def odd_time(call: Call, reply: Reply) -> None:
    """The processing time has a unit."""
    reply.set("X-Processing-Time-Ms", "12ms")


@fault("assisters.headers.rate-limit", at="http")
def more_than_the_limit(call: Call, reply: Reply) -> None:
    """More tokens remain than the limit allows."""
    reply.set("X-RateLimit-Remaining-TPM", "99000000")


@fault("assisters.headers.falling", at="http")
def never_falls(call: Call, reply: Reply) -> None:
    """The remaining requests never fall."""
    reply.set("X-RateLimit-Remaining-RPM", "10")


@fault(
    "assisters.tiers.numbers",
    at="http",
    breaks=("assisters.tiers.numbers", "assisters.tiers.as-told"),
)
def mixed_tier(call: Call, reply: Reply) -> None:
    """The tokens of one tier stand beside the requests of another."""
    if reply.header("X-RateLimit-Limit-RPM") == "500":
        reply.set("X-RateLimit-Limit-TPM", "9000000")


@fault("assisters.tiers.as-told", at="http")
def other_tier(call: Call, reply: Reply) -> None:
    """A key of the startup tier has the limits of the developers' one."""
    for unit, own, other in (("RPM", 500, 100), ("TPM", 5_000_000, 1_000_000)):
        if reply.header(f"X-RateLimit-Limit-{unit}") == str(own):
            spent = own - int(reply.header(f"X-RateLimit-Remaining-{unit}") or 0)
            reply.set(f"X-RateLimit-Limit-{unit}", str(other))
            reply.set(f"X-RateLimit-Remaining-{unit}", str(max(other - spent, 0)))


@fault("assisters.tiers.enforced", at="authorised")
def unlimited(call: Call, verdict: Account | ApiError) -> Account | ApiError:
    """The limit is announced and not enforced: every request opens a window of its own."""
    if isinstance(verdict, Account) and verdict.name == "limited":
        return replace(verdict, name=f"limited {call.request_id}")
    return verdict


def _asks(*words: str) -> Callable[[Call], bool]:
    return lambda call: any(word in call.path or word.encode() in call.raw for word in words)


def _refused_unlike_an_error(id: str, *words: str) -> None:
    @fault(id, at="http", text=f"{words[0]} is refused by a page.", when=_asks(*words))
    def page(call: Call, reply: Reply) -> None:
        if reply.status >= 400:
            reply.set("content-type", "text/html")
            reply.body = b"<html><body>Sorry</body></html>"


for _word, *_words in (
    ("tools", '"tools"'),
    ("vision", "image_url"),
    ("audio", "/audio/transcriptions"),
    ("assistants", "/assistants"),
    ("fine-tuning", "/fine_tuning"),
):
    _refused_unlike_an_error(f"assisters.unsupported.{_word}", *_words)
_refused_unlike_an_error("alveare.unsupported.assistants", "/assistants")
_refused_unlike_an_error("assisters-com.unsupported.completions", "/v1/completions")


@fault("assisters-com.unsupported.pointer", at="error", when=_asks("/v1/completions"))
def no_pointer(call: Call, error: ErrorReply) -> None:
    """The refusal of legacy completions says nothing of what replaces them."""
    error.body["error"]["message"] = "Not supported here."


@fault(
    "openai-assistants.page.refused",
    at="error",
    route="assistants.retrieve",
    text="An unknown assistant is a server error.",
    when=lambda call: call.path.rpartition("/")[2].startswith("asst_"),
)
def broken_assistant(call: Call, error: ErrorReply) -> None:
    """The status alone is wrong."""
    error.status = 500


@fault("openai-assistants.page.status", at="flag", text="A malformed assistant id is answered 404.")
def malformed_like_unknown() -> None:
    """Asked by the dialect."""


@fault("assisters-com.models.shape", at="reply", route="models.list")
def no_max_tokens(call: Call, reply: Json) -> None:
    """Models have no max_tokens."""
    for model in reply["models"]:
        del model["max_tokens"]


_UNLIKE_THE_PRINTED = printed_requirements("assisters-com")


@fault(
    "assisters-com.chat.shape",
    at="reply",
    route="chat",
    breaks=("assisters-com.chat.shape", *_UNLIKE_THE_PRINTED),
)
def wrong_role(call: Call, reply: Json) -> None:
    """The answer's role is bot."""
    reply["choices"][0]["message"]["role"] = "bot"


@fault("assisters-com.max-tokens.counted", at="accepted", route="chat")
def unbounded(call: Call, body: Json) -> None:
    """max_tokens is ignored."""
    if body.get("max_tokens") == 5:
        del body["max_tokens"]


@fault("assisters-com.embeddings.shape", at="reply", route="embeddings")
def no_tokens(call: Call, reply: Json) -> None:
    """An embedding's usage has no tokens."""
    reply["usage"] = {}


@fault("assisters-com.embeddings-batch.count", at="reply", route="embeddings")
def only_first(call: Call, reply: Json) -> None:
    """Of several inputs only the first is embedded."""
    if not isinstance(reply["embedding"][0], float):
        reply["embedding"] = reply["embedding"][0]


@fault("assisters-com.keys.created", at="reply", route="providers.keys.create")
def key_number(call: Call, reply: Json) -> None:
    """The id of a new key is a number."""
    reply["id"] = 7


@fault("assisters-com.keys.usable", at="authorised", route="models.list")
def key_refused(call: Call, verdict: object) -> object:
    """New keys do not work yet."""
    made = call.headers.get("authorization", "").removeprefix("Bearer ")
    if made in call.app.data.get("keys", {}):
        return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
    return None


@fault("assisters-com.keys.revoked", at="flag", text="A revoked key still authorises.")
def still_valid() -> None:
    """Asked by the route."""


@fault("assisters-com.temperature.bounded", at="flag", text="Any temperature is accepted.")
def any_temperature() -> None:
    """Asked by the dialect."""


@fault("assisters-com.temperature.highest", at="request", route="chat")
def below_one(call: Call, body: Json) -> None:
    """A temperature of 1 is refused."""
    if body.get("temperature") == 1:
        raise not_found("Temperature must be below 1.", "temperature")


@fault("assisters-com.builtin-tools.web-search", at="received", route="chat")
def no_web_search(call: Call, early: object) -> None:
    """The tool web_search is refused."""
    if b'"web_search"' in call.raw:
        raise not_found("Unknown tool.", "tools")


@fault("assisters-com.builtin-tools.code-interpreter", at="received", route="chat")
def no_code_interpreter(call: Call, early: object) -> None:
    """The tool code_interpreter is refused."""
    if b'"code_interpreter"' in call.raw:
        raise not_found("Unknown tool.", "tools")


@fault("assisters-com.reasoning.present", at="reply", route="chat")
def no_reasoning(call: Call, reply: Json) -> None:
    """The reasoning that was asked for is missing."""
    for choice in reply["choices"]:
        choice["message"].pop("reasoning", None)


@fault("assisters-com.reasoning.absent", at="reply", route="chat")
def always_reasoning(call: Call, reply: Json) -> None:
    """Reasoning comes unasked."""
    for choice in reply["choices"]:
        choice["message"].setdefault("reasoning", "Nobody asked.")


@fault("assisters-com.mask.redacted", at="flag", text="mask: true is ignored.")
def unmasked() -> None:
    """Asked by the dialect."""


@fault("assisters-com.data.deleted", at="flag", text="Deleted data stays.")
def kept() -> None:
    """Asked by the route."""


@fault("assisters-com.audit.range", at="http", route="providers.audit")
def audit_text(call: Call, reply: Reply) -> None:
    """The audit is answered with text."""
    if reply.status == 200:
        reply.body = b"nothing to see"


@fault("assisters-com.audit.inside", at="flag", text="The range of the audit is ignored.")
def whole_audit() -> None:
    """Asked by the route."""


@fault("assisters-com.audit.bad-range", at="error", route="providers.audit")
def audit_unprocessable(call: Call, error: ErrorReply) -> None:
    """A bad range is answered 422."""
    error.status = 422


@fault(
    "assisters-com.webhooks.subscribed",
    at="http",
    route="providers.webhooks",
    breaks=("assisters-com.webhooks.subscribed", "assisters-com.webhooks.event"),
)
def subscription_lost(call: Call, reply: Reply) -> None:
    """A subscription is answered 503."""
    reply.status = 503


@fault("assisters-com.webhooks.verified", at="flag", text="An address is not verified.")
def unverified() -> None:
    """Asked by the route."""


@fault("assisters-com.webhooks.event", at="flag", text="An event comes without data.")
def event_without_data() -> None:
    """Asked by the dialect."""


@fault("assisters-com.metrics.parses", at="http", route="providers.metrics")
def metrics_page(call: Call, reply: Reply) -> None:
    """The metrics are a web page."""
    reply.set("content-type", "text/html")
    reply.body = b"<html><body>All is well</body></html>"


@fault("assisters-com.canary.exists", at="received", route="providers.models.test")
def no_canary(call: Call, early: object) -> None:
    """Models cannot be tried."""
    raise not_found("Not here.")


def _nameless(model: str) -> None:
    id = f"alveare.names.{'openai' if model == 'gpt-3.5-turbo' else model}"
    printed = printed_requirements("alveare") if model == "gpt-3.5-turbo" else ()

    @fault(
        id,
        breaks=(id, *printed),
        at="reply",
        route="chat",
        text=f"The answer of {model} has no model.",
        when=lambda call: call.model == model,
    )
    def nameless(call: Call, reply: Json) -> None:
        reply["model"] = None


for _model in ("gpt-3.5-turbo", "classify", "summarise", "extract"):
    _nameless(_model)


@fault("alveare.first-token.measured", at="frames", route="chat")
def slow_start(call: Call, frames: list[Frame]) -> None:
    """The first token takes half a second."""
    frames[0].delay = 0.5
