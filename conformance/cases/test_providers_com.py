"""What assisters.com documents beside or against OpenAI: judged only where it is claimed."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from conformance.cases._providers import of, refused_cleanly, served, step, valid
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, Value, Violation, expect, require
from conformance.probes.providers import PERSONAL
from conformance.requirement import MAY, SHOULD


@of("assisters-com.models.shape", "The list of models has the documented shape.", any_status=True)
def test_com_models(assisters_com_models: Exchange) -> None:
    valid(served(assisters_com_models), "assisters-com/models")


@of("assisters-com.chat.shape", "A chat completion has the documented shape.", any_status=True)
def test_com_chat(assisters_com_chat: Exchange) -> None:
    valid(served(assisters_com_chat), "assisters-com/chat.completion")


@of("assisters-com.max-tokens.counted", "max_tokens bounds the tokens of the answer.",
     needs="assisters-com.chat")  # fmt: skip
def test_com_short(assisters_com_short: Exchange) -> None:
    body = expect(assisters_com_short).json
    count = body.get("usage").get("completion_tokens")
    if count.present:
        require(count.is_integer().raw <= 5, count.path, "at most 5", count.raw)
        return
    words = body["choices"][0]["message"]["content"].is_string()
    require(len(words.raw) <= 60, words.path, "5 tokens, at most 60 characters", words.raw)


@of("assisters-com.embeddings.shape", "An embedding has the documented shape.", any_status=True)
def test_com_embedding(assisters_com_embedding: Exchange) -> None:
    valid(served(assisters_com_embedding), "assisters-com/embeddings")
    vector = expect(assisters_com_embedding).json["embedding"]
    vector[0].is_number()


@of("assisters-com.embeddings-batch.count", "Three inputs are answered with three vectors.",
     needs="assisters-com.embeddings", any_status=True)  # fmt: skip
def test_com_batch(assisters_com_batch: Exchange) -> None:
    vectors = expect(served(assisters_com_batch)).json["embedding"].is_array().has_length(3)
    for vector in vectors:
        vector.is_array()


@of("assisters-com.keys.created", "POST /v1/keys answers with the id and the new key.")
def test_com_key_created(assisters_com_keys: Steps) -> None:
    body = expect(assisters_com_keys["create"]).status(2).json
    body["id"].is_string(empty=False)
    body["key"].is_string(empty=False)


@of("assisters-com.keys.usable", "A new key authorises.")
def test_com_key_usable(assisters_com_keys: Steps) -> None:
    expect(step(assisters_com_keys, "use")).status(2)


@of("assisters-com.keys.revoked", "A revoked key is refused with 401.")
def test_com_key_revoked(assisters_com_keys: Steps) -> None:
    expect(step(assisters_com_keys, "revoke")).status(2)
    expect(step(assisters_com_keys, "revoked")).status(401)


def _refused(x: Exchange) -> None:
    expect(x).status(400).error_object["message"].is_string(empty=False)


@of("assisters-com.temperature.bounded", "A temperature of 1.5 is refused with 400.")
def test_com_hot(assisters_com_hot: Exchange) -> None:
    _refused(assisters_com_hot)


@of("assisters-com.temperature.highest", "A temperature of 1 is accepted.", any_status=True)
def test_com_warm(assisters_com_warm: Exchange) -> None:
    expect(assisters_com_warm).status(2)


@of("assisters-com.builtin-tools.web-search", "The tool web_search is accepted.", any_status=True)
def test_com_web_search(assisters_com_web_search: Exchange) -> None:
    expect(assisters_com_web_search).status(2)


@of("assisters-com.builtin-tools.code-interpreter", "The tool code_interpreter is accepted.",
     any_status=True)  # fmt: skip
def test_com_code(assisters_com_code_interpreter: Exchange) -> None:
    expect(assisters_com_code_interpreter).status(2)


@of("assisters-com.reasoning.present", "With `reasoning: true` the message has reasoning.",
    any_status=True)  # fmt: skip
def test_com_reasoning(assisters_com_reasoning: Exchange) -> None:
    message = expect(served(assisters_com_reasoning)).json["choices"][0]["message"]
    message["reasoning"].is_string(empty=False)


@of("assisters-com.reasoning.absent", "Without `reasoning` the message has none.", SHOULD)
def test_com_no_reasoning(assisters_com_chat: Exchange) -> None:
    message = expect(assisters_com_chat).json["choices"][0]["message"]
    message.get("reasoning").null_or_absent()


@of(
    "assisters-com.mask.redacted", "With `mask: true` no personal data comes back.", any_status=True
)
def test_com_mask(assisters_com_mask: Exchange) -> None:
    response = served(assisters_com_mask).response
    body = response.text if response else ""
    for secret in PERSONAL:
        require(secret not in body, "body", "no personal data of the request", secret)


@of("assisters-com.data.deleted", "Deleted data is gone: deleting it again is answered 404.")
def test_com_data(assisters_com_data: Steps) -> None:
    expect(step(assisters_com_data, "delete")).status(2)
    expect(step(assisters_com_data, "again")).status(404)


@of("assisters-com.audit.range", "GET /v1/audit answers a range of days with JSON.",
     any_status=True)  # fmt: skip
def test_com_audit(assisters_com_audit: Steps) -> None:
    for x in assisters_com_audit:
        expect(served(x)).json.is_a("object", "array")


@of("assisters-com.audit.inside", "Entries of the audit are of the range that was asked for.")
def test_com_audit_inside(assisters_com_audit: Steps) -> None:
    found = 0
    for x in assisters_com_audit:
        first, last = (date.fromisoformat(day) for day in x.context["range"])
        for day in days_of(x.json):
            found += 1
            shown = f"{first} to {last}"
            require(first <= day <= last, "day of an entry", shown, str(day))
    if not found:
        raise NotApplicable("no entry says when it was")


_TIMES = ("time", "timestamp", "created", "created_at", "date", "at")


def days_of(body: Any) -> list[date]:
    """The days of the entries of an audit, in whatever list and under whatever usual name."""
    lists = [body] if isinstance(body, list) else []
    if isinstance(body, dict):
        lists = [value for value in body.values() if isinstance(value, list)]
    found = []
    for entry in (entry for rows in lists for entry in rows if isinstance(entry, dict)):
        value = next((entry[name] for name in _TIMES if name in entry), None)
        with suppress(ValueError, OverflowError, OSError):
            if isinstance(value, int | float) and not isinstance(value, bool):
                found.append(datetime.fromtimestamp(value, UTC).date())
            elif isinstance(value, str):
                found.append(datetime.fromisoformat(value.replace("Z", "+00:00")).date())
    return found


@of("assisters-com.audit.bad-range", "A range that is no range is refused with 400.")
def test_com_audit_bad(assisters_com_audit_bad: Exchange) -> None:
    _refused(assisters_com_audit_bad)


@of("assisters-com.webhooks.subscribed", "POST /v1/webhooks is answered with success.")
def test_com_subscribed(assisters_com_webhooks: Steps) -> None:
    expect(assisters_com_webhooks["subscribe"]).status(2)


@of("assisters-com.webhooks.verified", "A subscribed address is asked for a challenge.")
def test_com_verified(assisters_com_webhooks: Steps) -> None:
    challenges = step(assisters_com_webhooks, "received").context["challenges"]
    require(any(challenges), "receiver", "GET /webhooks/verify with a challenge", challenges)


@of("assisters-com.webhooks.event", "A finished answer is posted as {event, data: {id, status}}.")
def test_com_event(assisters_com_webhooks: Steps) -> None:
    expect(assisters_com_webhooks["subscribe"]).status(2)
    posted = step(assisters_com_webhooks, "received").context["events"]
    event = Value(posted, "events")[0]
    event["event"].equals("chat.completion")
    event["data"]["id"].is_string(empty=False)
    event["data"]["status"].is_string(empty=False)


@of("assisters-com.metrics.parses", "GET /v1/metrics is JSON or Prometheus text.", any_status=True)
def test_com_metrics(assisters_com_metrics: Exchange) -> None:
    response = served(assisters_com_metrics).response
    assert response is not None
    if response.media_type == "application/json":
        expect(assisters_com_metrics).json.is_a("object", "array")
        return
    lines = [line for line in response.text.splitlines() if line and not line.startswith("#")]
    sample = re.compile(r"[A-Za-z_:][\w:]*(\{.*\})? \S+( -?\d+)?")
    for line in lines or [""]:
        require(bool(sample.fullmatch(line)), "body", "JSON or Prometheus samples", line[:100])


@of("assisters-com.canary.exists", "GET /v1/models/{model}/test is answered with success.",
     any_status=True)  # fmt: skip
def test_com_canary(assisters_com_canary: Exchange) -> None:
    expect(assisters_com_canary).status(2)


@of("assisters-com.unsupported.completions",
    "/v1/completions, which chat completions replace, is refused by a 4xx error object.",
    any_status=True)  # fmt: skip
def test_com_legacy(completions: Exchange) -> None:
    refused_cleanly("completions", completions)


@of("assisters-com.unsupported.pointer",
    "The refusal of /v1/completions names what replaces it.", MAY, any_status=True)  # fmt: skip
def test_com_pointer(completions: Exchange) -> None:
    try:
        message = str(refused_cleanly("completions", completions)["message"])
    except Violation as unclean:
        raise NotApplicable("the refusal is no error object") from unclean
    require("chat/completions" in message, "error.message", "a word of chat/completions", message)
