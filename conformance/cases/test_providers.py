"""What single providers document beside or against OpenAI: judged only where it is claimed."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from conformance.capability import all_capabilities
from conformance.cases._providers import of, refused_cleanly, served
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.profile import load_profile
from conformance.requirement import MAY, MUST, SHOULD, Case, Requirement, document
from conformance.select import ANY, SUCCESS
from conformance.target import is_local

# Assisters API


@of("assisters.base-url.https", "The API is reached over HTTPS below a path that ends in /v1.",
     needs="assisters.headers", any_status=True)  # fmt: skip
def test_base_url(assisters_moderate: Exchange) -> None:
    x = assisters_moderate
    parts = urlsplit(x.request.url)
    if not is_local(parts.hostname or ""):
        require(parts.scheme == "https", "scheme", "https", parts.scheme)
    base = parts.path[: len(parts.path) - len(x.endpoint)]
    require(base.endswith("/v1"), "base URL", "a path that ends in /v1", base)


@of("assisters.moderate.accepts", "POST /v1/moderate is answered with success.", any_status=True)
def test_moderate(assisters_moderate: Exchange) -> None:
    expect(assisters_moderate).status(2)


@of("assisters.moderate.shape", "POST /v1/moderate answers with a result that has `flagged`.")
def test_moderate_shape(assisters_moderate: Exchange) -> None:
    results = expect(assisters_moderate).json["results"].is_array()
    results[0]["flagged"].is_a("boolean")


@of("assisters.models.listed", "The list of models has every documented model.", any_status=True)
def test_listed(assisters_models: Exchange) -> None:
    data = expect(served(assisters_models)).json["data"].is_array()
    ids = [item.get("id").raw for item in data]
    for name in load_profile("assisters").documented_models:
        require(name in ids, "data[].id", name, ids)


@of("assisters.models.dimensions", "A vector of bge-m3 has 1024 dimensions.", any_status=True)
def test_dimensions(assisters_dimensions_float: Exchange) -> None:
    body = expect(served(assisters_dimensions_float)).json
    body["data"][0]["embedding"].is_array().has_length(1024)


@of("assisters.models.dimensions-base64", "A base64 vector of bge-m3 has 1024 dimensions.")
def test_dimensions_base64(assisters_dimensions_base64: Exchange) -> None:
    value = expect(assisters_dimensions_base64).json["data"][0]["embedding"].is_string()
    try:
        size = len(base64.b64decode(value.raw, validate=True))
    except (ValueError, binascii.Error):
        fail(value.path, "base64", value.raw[:40])
    require(size == 4096, value.path, "4096 bytes", size)


@of("assisters.models.openai-name", "`gpt-4` is refused with 404 and `model_not_found`.")
def test_openai_name(assisters_openai_name: Exchange) -> None:
    error = expect(assisters_openai_name).status(404).error_object
    error["code"].equals("model_not_found")


@of("assisters.headers.request-id", "Every answer carries X-Request-ID.",
     needs="assisters.headers", over=ANY)  # fmt: skip
def test_request_id(x: Exchange) -> None:
    require(bool(x.header("x-request-id")), "header X-Request-ID", "present", "absent")


@of("assisters.headers.processing-time", "Every answer carries X-Processing-Time-Ms, a number.",
     needs="assisters.headers", over=ANY)  # fmt: skip
def test_processing_time(x: Exchange) -> None:
    value = x.header("x-processing-time-ms")
    right = value is not None and re.fullmatch(r"\d+(\.\d+)?", value) is not None
    require(right, "header X-Processing-Time-Ms", "milliseconds", value or "absent")


@of("assisters.headers.rate-limit", "Every answer carries four rate-limit headers that agree.",
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


@of("assisters.headers.falling", "The remaining requests fall by what is sent.", SHOULD)
def test_falling(assisters_falling: Steps) -> None:
    first, second = assisters_falling["first"], assisters_falling["second"]
    before, after = (_number(x, "X-RateLimit-Remaining-RPM") for x in (first, second))
    if after > before:
        raise Inconclusive("a new minute began between the two requests", owner="quota")
    name = "header X-RateLimit-Remaining-RPM"
    require(after < before, name, f"less than {before}", after)


@of("assisters.tiers.numbers", "The limits are those of one documented tier.",
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


@of("assisters.tiers.as-told", "The limits are those of the tier that the key is said to have.")
def test_as_told(assisters_tier: Steps) -> None:
    x = assisters_tier["told"]
    account = x.context["account"]
    for unit, name in (("RPM", "requests_per_minute"), ("TPM", "tokens_per_minute")):
        if account[name] is not None:
            seen = _number(served(x), f"X-RateLimit-Limit-{unit}")
            wanted = f"{account[name]:g}, as in the tier {account['tier']}"
            require(seen == account[name], f"header X-RateLimit-Limit-{unit}", wanted, seen)


@of("assisters.tiers.enforced", "Beyond the limit that the headers name the answer is 429.")
def test_enforced(assisters_enforced: Steps) -> None:
    """How many may be served depends on the time it took: of a slow run nothing can be said."""
    sent = [x for x in assisters_enforced if x.context.get("limit")]
    if not sent:
        raise NotApplicable("the limit is not known")
    limit, window = sent[0].context["limit"], sent[0].context["window"]
    last, spent = sent[-1], sum(x.ok for x in assisters_enforced)
    if last.response is None or not (last.ok or last.status == 429):
        raise Inconclusive(f"a request ended otherwise ({last.status})", owner="server")
    first = assisters_enforced.exchanges[0]
    seconds = last.started + last.duration - first.started
    left = [x.header("x-ratelimit-remaining-rpm") or "" for x in assisters_enforced if x.ok]
    numbers = [int(text) for text in left if text.isdigit()]
    began = seconds >= window or any(b > a for a, b in pairwise(numbers))
    # a steady limiter gives back while one sends; a window that ended gives all of it again
    served_at_most = limit + math.floor(limit * seconds / window) + (limit if began else 0)
    if spent > served_at_most:
        fail("status", f"429 after {served_at_most:g} requests", f"{spent} were served")
    if last.ok:
        raise Inconclusive("answers are too slow to reach the limit in its minute", owner="suite")


def _unsupported(word: str, capability: str, title: str, *names: str) -> Case:
    def decide(gate: Exchange | Steps) -> None:
        error = json.dumps(refused_cleanly(capability, gate), ensure_ascii=False).lower()
        if names and not any(name in error for name in names):
            fail("error", f"a word of {' or '.join(names)}", error[:300])

    text = f"{title}: refused by a 4xx error object that names it."
    source = document("Migrating from OpenAI: Not Yet Supported")
    id, needs = f"assisters.unsupported.{word}", "assisters.unsupported"
    made = Requirement(id, MUST, text, source, needs)
    gate = all_capabilities()[capability].gate
    return Case(made, decide, probes=(gate,), any_status=True, module=__name__)


CASES = [
    _unsupported("tools", "chat.tools", "Function calling", "tool", "function"),
    _unsupported("vision", "chat.vision", "Images in messages", "image", "vision", "content"),
    _unsupported("audio", "audio.transcription", "Transcription"),
    _unsupported("assistants", "assistants", "The Assistants API"),
    _unsupported("fine-tuning", "fine-tuning", "Fine-tuning"),
]


# Alveare


@of("alveare.unsupported.assistants", "The Assistants API is refused by a 4xx error object.",
    any_status=True)  # fmt: skip
def test_alveare_assistants(assistants_list: Exchange) -> None:
    refused_cleanly("assistants", assistants_list)


@of("alveare.names.openai", "`gpt-3.5-turbo` answers as it is.", any_status=True)
def test_openai_names(alveare_openai_name: Exchange) -> None:
    expect(alveare_openai_name).status(2).json["model"].is_string(empty=False)


def _specialist(x: Exchange) -> None:
    expect(x).status(2).json["model"].is_string(empty=False)


@of("alveare.names.classify", "The specialist `classify` answers.", any_status=True)
def test_classify(alveare_classify: Exchange) -> None:
    _specialist(alveare_classify)


@of("alveare.names.summarise", "The specialist `summarise` answers.", any_status=True)
def test_summarise(alveare_summarise: Exchange) -> None:
    _specialist(alveare_summarise)


@of("alveare.names.extract", "The specialist `extract` answers.", any_status=True)
def test_extract(alveare_extract: Exchange) -> None:
    _specialist(alveare_extract)


@of("alveare.first-token.measured", "The first token comes within the claimed 80 ms.", MAY)
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


DOCUMENTED_CALLS = (
    "assistants.chat.completions.create",
    "assistants.chat.completions.acreate",
)
REAL_CALLS = ("beta.assistants.create", "beta.threads.create", "beta.threads.runs.create")


def _resolved(*paths: str) -> tuple[str, list[str]]:
    """The installed SDK, and those of the paths below its client that it has."""
    import openai

    client: Any = openai.OpenAI(api_key="unused", base_url="http://127.0.0.1:9/v1")
    try:
        found = []
        for path in paths:
            place = client
            for part in path.split("."):
                place = getattr(place, part, None)
            if place is not None:
                found.append(f"client.{path}")
        return f"openai-python {openai.__version__}", found
    finally:
        client.close()


@of("openai-assistants.call.exists", "The SDK has client.assistants.chat.completions.create.", MAY,
     any_status=True)  # fmt: skip
def test_call(chat: Exchange) -> None:
    sdk, found = _resolved(*DOCUMENTED_CALLS)
    real = ", ".join(_resolved(*REAL_CALLS)[1]) or "nothing like it"
    if len(found) < len(DOCUMENTED_CALLS):
        message = f"{sdk} has no client.assistants; it has {real}"
        wanted = [f"client.{path}" for path in DOCUMENTED_CALLS]
        fail(sdk, wanted, found or f"only {real}", message=message)


@of("openai-assistants.call.real-path",
     "The SDK has client.beta.assistants and client.beta.threads.runs instead.", MAY,
     any_status=True)  # fmt: skip
def test_real_call(chat: Exchange) -> None:
    sdk, found = _resolved(*REAL_CALLS)
    require(len(found) == len(REAL_CALLS), sdk, [f"client.{path}" for path in REAL_CALLS], found)


@of("openai-assistants.page.status", "The wrong assistant id that the page prints is answered 400.",
     MAY, any_status=True)  # fmt: skip
def test_wrong_assistant(openai_assistants_wrong: Exchange) -> None:
    status = openai_assistants_wrong.status
    if status != 400:
        fail("status", "400", status, message=f"a wrong assistant id is answered {status}, not 400")


@of("openai-assistants.page.refused", "An unknown assistant id is refused with an error object.",
     any_status=True)  # fmt: skip
def test_unknown_refused(openai_assistants_unknown: Exchange) -> None:
    status = openai_assistants_unknown.status
    require(400 <= status < 500, "status", "a 4xx", status)
    expect(openai_assistants_unknown).error_object["message"].is_string(empty=False)
