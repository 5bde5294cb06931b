"""What single providers document beside or against OpenAI: judged only where it is claimed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from conformance import schemas
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, Value, expect, fail, require
from conformance.probes.providers import PERSONAL
from conformance.profile import load_profile
from conformance.requirement import MAY, MUST, SHOULD, Level, document, requirement
from conformance.select import ANY, SUCCESS
from conformance.settings import is_local

Tie = Callable[[Callable[..., None]], Callable[..., None]]
_PAGES = {
    "assisters": "Assisters API Overview",
    "assisters-com": "assisters.com API guide",
    "alveare": "Alveare Migration Guide",
    "openai-assistants": "How to migrate to the Assistants API",
}


def _of(id: str, text: str, level: Level = MUST, *, needs: str = "", **more: Any) -> Tie:
    """A requirement of one provider; it needs the capability of its first two words."""
    own = id.split(".")[0]
    source = document(f"{_PAGES[own]}: {id.split('.', 1)[1]}")
    return requirement(id, level, text, source=source, needs=needs or id.rpartition(".")[0], **more)


def _valid(exchange: Exchange, name: str) -> None:
    """The body is valid by a schema of the provider's own."""
    body = expect(exchange).json.raw
    for error in schemas.validator(name).iter_errors(body):
        place = ".".join(map(str, error.absolute_path)) or "body"
        fail(place, f"valid by {name}", error.instance, message=error.message[:300])


# Assisters API


@_of("assisters.base-url.https", "The API is reached over HTTPS below a path that ends in /v1.",
     needs="assisters.headers", over=ANY, drivers=("http",))  # fmt: skip
def test_base_url(x: Exchange) -> None:
    parts = urlsplit(x.request.url)
    if not is_local(parts.hostname or ""):
        require(parts.scheme == "https", "scheme", "https", parts.scheme)
    base = parts.path[: len(parts.path) - len(x.endpoint)]
    require(base.endswith("/v1"), "base URL", "a path that ends in /v1", base)


@_of("assisters.moderate.accepts", "POST /v1/moderate is answered with success.", any_status=True)
def test_moderate(assisters_moderate: Exchange) -> None:
    expect(assisters_moderate).status(2)


@_of("assisters.moderate.shape", "POST /v1/moderate answers with a result that has `flagged`.")
def test_moderate_shape(assisters_moderate: Exchange) -> None:
    results = expect(assisters_moderate).json["results"].is_array()
    results[0]["flagged"].is_a("boolean")


@_of("assisters.models.listed", "The list of models has every documented model.")
def test_listed(assisters_models: Exchange) -> None:
    data = expect(assisters_models).json["data"].is_array()
    ids = [item.get("id").raw for item in data]
    for name in load_profile("assisters").documented_models:
        require(name in ids, "data[].id", name, ids)


@_of("assisters.models.dimensions", "A vector of bge-m3 has 1024 dimensions.")
def test_dimensions(assisters_dimensions_float: Exchange) -> None:
    expect(assisters_dimensions_float).json["data"][0]["embedding"].is_array().has_length(1024)


@_of("assisters.models.dimensions-base64", "A base64 vector of bge-m3 has 1024 dimensions.")
def test_dimensions_base64(assisters_dimensions_base64: Exchange) -> None:
    value = expect(assisters_dimensions_base64).json["data"][0]["embedding"].is_string()
    try:
        size = len(base64.b64decode(value.raw, validate=True))
    except (ValueError, binascii.Error):
        fail(value.path, "base64", value.raw[:40])
    require(size == 4096, value.path, "4096 bytes", size)


@_of("assisters.models.openai-name", "`gpt-4` is refused with 404 and `model_not_found`.")
def test_openai_name(assisters_openai_name: Exchange) -> None:
    error = expect(assisters_openai_name).status(404).error_object
    error["code"].equals("model_not_found")


@_of("assisters.headers.request-id", "Every answer carries X-Request-ID.",
     needs="assisters.headers", over=ANY)  # fmt: skip
def test_request_id(x: Exchange) -> None:
    require(bool(x.header("x-request-id")), "header X-Request-ID", "present", "absent")


@_of("assisters.headers.processing-time", "Every answer carries X-Processing-Time-Ms, a number.",
     needs="assisters.headers", over=ANY)  # fmt: skip
def test_processing_time(x: Exchange) -> None:
    value = x.header("x-processing-time-ms")
    right = value is not None and re.fullmatch(r"\d+(\.\d+)?", value) is not None
    require(right, "header X-Processing-Time-Ms", "milliseconds", value or "absent")


@_of("assisters.headers.rate-limit", "Every answer carries four rate-limit headers that agree.",
     needs="assisters.headers", over=ANY)  # fmt: skip
def test_rate_limit(x: Exchange) -> None:
    for unit in ("RPM", "TPM"):
        limit, left = (_number(x, f"X-RateLimit-{word}-{unit}") for word in ("Limit", "Remaining"))
        name = f"header X-RateLimit-Remaining-{unit}"
        require(left <= limit, name, f"at most the limit of {limit}", left)


def _number(x: Exchange, name: str) -> int:
    value = x.header(name)
    if value is None or not re.fullmatch(r"\d+", value):
        fail(f"header {name}", "a whole number", value or "absent", exchange=x)
    return int(value)


@_of("assisters.headers.falling", "The remaining requests fall by what is sent.", SHOULD)
def test_falling(assisters_falling: Steps) -> None:
    first, second = assisters_falling["first"], assisters_falling["second"]
    before, after = (_number(x, "X-RateLimit-Remaining-RPM") for x in (first, second))
    if after > before:
        raise Inconclusive("a new minute began between the two requests", owner="quota")
    name = "header X-RateLimit-Remaining-RPM"
    require(after < before, name, f"less than {before}", after)


@_of("assisters.tiers.numbers", "The limits are those of one documented tier.",
     needs="assisters.tiers", over=SUCCESS, drivers=("http",))  # fmt: skip
def test_numbers(x: Exchange) -> None:
    tiers = [t for t in load_profile("assisters").tiers if t.requests_per_minute]
    requests = _number(x, "X-RateLimit-Limit-RPM")
    tokens = _number(x, "X-RateLimit-Limit-TPM")
    for tier in tiers:
        if (requests == tier.requests_per_minute) != (tokens == tier.tokens_per_minute):
            wanted = f"{tier.requests_per_minute:g} and {tier.tokens_per_minute:g}"
            fail("limit headers", f"{wanted} (tier {tier.name})", f"{requests} and {tokens}")
        if requests == tier.requests_per_minute:
            return
    raise Inconclusive(f"{requests} and {tokens} are no listed tier: enterprise?", owner="quota")


@_of("assisters.tiers.enforced", "One request more than the limit is answered 429.")
def test_enforced(assisters_enforced: Steps) -> None:
    if any(x.status == 429 for x in assisters_enforced.all("within")):
        raise Inconclusive("the limit was already partly spent", owner="quota")
    if "over" not in assisters_enforced:
        raise NotApplicable("the limit is not known")
    over = assisters_enforced["over"]
    require(over.status == 429, "status", "429", over.status)


# assisters.com


@_of("assisters-com.models.shape", "The list of models has the documented shape.")
def test_com_models(assisters_com_models: Exchange) -> None:
    _valid(assisters_com_models, "assisters-com/models")


@_of("assisters-com.chat.shape", "A chat completion has the documented shape.")
def test_com_chat(assisters_com_chat: Exchange) -> None:
    _valid(assisters_com_chat, "assisters-com/chat.completion")


@_of("assisters-com.max-tokens.counted", "max_tokens bounds the tokens of the answer.",
     needs="assisters-com.chat")  # fmt: skip
def test_com_short(assisters_com_short: Exchange) -> None:
    body = expect(assisters_com_short).json
    count = body.get("usage").get("completion_tokens")
    if count.present:
        require(count.is_integer().raw <= 5, count.path, "at most 5", count.raw)
        return
    words = body["choices"][0]["message"]["content"].is_string()
    require(len(words.raw) <= 60, words.path, "5 tokens, at most 60 characters", words.raw)


@_of("assisters-com.embeddings.shape", "An embedding has the documented shape.")
def test_com_embedding(assisters_com_embedding: Exchange) -> None:
    _valid(assisters_com_embedding, "assisters-com/embeddings")
    vector = expect(assisters_com_embedding).json["embedding"]
    vector[0].is_number()


@_of("assisters-com.embeddings-batch.count", "Three inputs are answered with three vectors.",
     needs="assisters-com.embeddings")  # fmt: skip
def test_com_batch(assisters_com_batch: Exchange) -> None:
    vectors = expect(assisters_com_batch).json["embedding"].is_array().has_length(3)
    for vector in vectors:
        vector.is_array()


@_of("assisters-com.keys.created", "POST /v1/keys answers with the id and the new key.")
def test_com_key_created(assisters_com_keys: Steps) -> None:
    body = expect(assisters_com_keys["create"]).status(2).json
    body["id"].is_string(empty=False)
    body["key"].is_string(empty=False)


@_of("assisters-com.keys.usable", "A new key authorises.")
def test_com_key_usable(assisters_com_keys: Steps) -> None:
    expect(_step(assisters_com_keys, "use")).status(2)


@_of("assisters-com.keys.revoked", "A revoked key is refused with 401.")
def test_com_key_revoked(assisters_com_keys: Steps) -> None:
    expect(_step(assisters_com_keys, "revoke")).status(2)
    expect(_step(assisters_com_keys, "revoked")).status(401)


def _refused(x: Exchange) -> None:
    expect(x).status(400).error_object["message"].is_string(empty=False)


def _step(steps: Steps, name: str) -> Exchange:
    if name not in steps:
        raise NotApplicable("the step before did not answer what this one needs")
    return steps[name]


@_of("assisters-com.temperature.bounded", "A temperature of 1.5 is refused with 400.")
def test_com_hot(assisters_com_hot: Exchange) -> None:
    _refused(assisters_com_hot)


@_of("assisters-com.temperature.highest", "A temperature of 1 is accepted.", any_status=True)
def test_com_warm(assisters_com_warm: Exchange) -> None:
    expect(assisters_com_warm).status(2)


@_of("assisters-com.builtin-tools.web-search", "The tool web_search is accepted.", any_status=True)
def test_com_web_search(assisters_com_web_search: Exchange) -> None:
    expect(assisters_com_web_search).status(2)


@_of("assisters-com.builtin-tools.code-interpreter", "The tool code_interpreter is accepted.",
     any_status=True)  # fmt: skip
def test_com_code(assisters_com_code_interpreter: Exchange) -> None:
    expect(assisters_com_code_interpreter).status(2)


@_of("assisters-com.reasoning.present", "With `reasoning: true` the message has reasoning.")
def test_com_reasoning(assisters_com_reasoning: Exchange) -> None:
    message = expect(assisters_com_reasoning).json["choices"][0]["message"]
    message["reasoning"].is_string(empty=False)


@_of("assisters-com.reasoning.absent", "Without `reasoning` the message has none.", SHOULD)
def test_com_no_reasoning(assisters_com_chat: Exchange) -> None:
    message = expect(assisters_com_chat).json["choices"][0]["message"]
    message.get("reasoning").null_or_absent()


@_of("assisters-com.mask.redacted", "With `mask: true` no personal data comes back.")
def test_com_mask(assisters_com_mask: Exchange) -> None:
    body = assisters_com_mask.response.text if assisters_com_mask.response else ""
    for secret in PERSONAL:
        require(secret not in body, "body", "no personal data of the request", secret)


@_of("assisters-com.data.deleted", "Deleted data is gone: deleting it again is answered 404.")
def test_com_data(assisters_com_data: Steps) -> None:
    expect(_step(assisters_com_data, "delete")).status(2)
    expect(_step(assisters_com_data, "again")).status(404)


@_of("assisters-com.audit.range", "GET /v1/audit answers a range of days with JSON.",
     any_status=True)  # fmt: skip
def test_com_audit(assisters_com_audit: Exchange) -> None:
    expect(assisters_com_audit).status(2).json.is_a("object", "array")


@_of("assisters-com.audit.bad-range", "A range that is no range is refused with 400.")
def test_com_audit_bad(assisters_com_audit_bad: Exchange) -> None:
    _refused(assisters_com_audit_bad)


@_of("assisters-com.webhooks.subscribed", "POST /v1/webhooks is answered with success.")
def test_com_subscribed(assisters_com_webhooks: Steps) -> None:
    expect(assisters_com_webhooks["subscribe"]).status(2)


@_of("assisters-com.webhooks.verified", "A subscribed address is asked for a challenge.")
def test_com_verified(assisters_com_webhooks: Steps) -> None:
    challenges = _step(assisters_com_webhooks, "received").context["challenges"]
    require(any(challenges), "receiver", "GET /webhooks/verify with a challenge", challenges)


@_of("assisters-com.webhooks.event", "A finished answer is posted as {event, data: {id, status}}.")
def test_com_event(assisters_com_webhooks: Steps) -> None:
    expect(assisters_com_webhooks["subscribe"]).status(2)
    posted = _step(assisters_com_webhooks, "received").context["events"]
    event = Value(posted, "events")[0]
    event["event"].equals("chat.completion")
    event["data"]["id"].is_string(empty=False)
    event["data"]["status"].is_string(empty=False)


@_of("assisters-com.metrics.parses", "GET /v1/metrics is JSON or Prometheus text.")
def test_com_metrics(assisters_com_metrics: Exchange) -> None:
    response = assisters_com_metrics.response
    assert response is not None
    if response.media_type == "application/json":
        expect(assisters_com_metrics).json.is_a("object", "array")
        return
    lines = [line for line in response.text.splitlines() if line and not line.startswith("#")]
    sample = re.compile(r"[A-Za-z_:][\w:]*(\{.*\})? \S+( -?\d+)?")
    for line in lines or [""]:
        require(bool(sample.fullmatch(line)), "body", "JSON or Prometheus samples", line[:100])


@_of("assisters-com.canary.exists", "GET /v1/models/{model}/test is answered with success.",
     any_status=True)  # fmt: skip
def test_com_canary(assisters_com_canary: Exchange) -> None:
    expect(assisters_com_canary).status(2)


# Alveare


@_of("alveare.names.openai", "`gpt-3.5-turbo` answers as it is.", any_status=True)
def test_openai_names(alveare_openai_name: Exchange) -> None:
    expect(alveare_openai_name).status(2).json["model"].is_string(empty=False)


def _specialist(x: Exchange) -> None:
    expect(x).status(2).json["model"].is_string(empty=False)


@_of("alveare.names.classify", "The specialist `classify` answers.", any_status=True)
def test_classify(alveare_classify: Exchange) -> None:
    _specialist(alveare_classify)


@_of("alveare.names.summarise", "The specialist `summarise` answers.", any_status=True)
def test_summarise(alveare_summarise: Exchange) -> None:
    _specialist(alveare_summarise)


@_of("alveare.names.extract", "The specialist `extract` answers.", any_status=True)
def test_extract(alveare_extract: Exchange) -> None:
    _specialist(alveare_extract)


@_of("alveare.first-token.measured", "The first token comes within the claimed 80 ms.", MAY)
def test_first_token(alveare_stream: Exchange) -> None:
    claimed = load_profile("alveare").first_token_ms
    assert claimed is not None
    response = alveare_stream.response
    for at, payload in response.timed_payloads if response else ():
        choices = payload.get("choices") if isinstance(payload, dict) else None
        delta = choices[0].get("delta") if choices and isinstance(choices[0], dict) else None
        if isinstance(delta, dict) and delta.get("content"):
            ms = round(at * 1000)
            require(ms <= claimed[1], "first token", f"at most {claimed[1]:g} ms", f"{ms} ms")
            return
    raise Inconclusive("no chunk holds content")


# The page about the Assistants API


@_of("openai-assistants.call.exists", "The SDK has client.assistants.chat.completions.create.", MAY,
     any_status=True)  # fmt: skip
def test_call(openai_assistants_call: Exchange) -> None:
    import openai

    real = "client.beta.assistants, client.beta.threads.runs"
    found = hasattr(openai.OpenAI, "assistants")
    require(found, f"openai {openai.__version__}", "client.assistants", f"only {real}")


@_of("openai-assistants.unknown-assistant.status", "A wrong assistant id is answered 400.", MAY,
     needs="openai-assistants.call", any_status=True)  # fmt: skip
def test_unknown_assistant(openai_assistants_unknown: Exchange) -> None:
    expect(openai_assistants_unknown).status(400)
