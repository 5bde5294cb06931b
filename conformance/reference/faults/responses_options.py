"""Faults of responses: options, errors, the encoding of the text, and logprobs."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.responses import Event, Json, streamed, texts, unstored, whole

_WRONG: dict[str, Any] = {
    "instructions": "You are a helpful assistant.",
    "metadata": {},
    "temperature": 1.3,
    "top_p": 0.1,
    "parallel_tool_calls": None,
    "previous_response_id": None,
    "truncation": "disabled",
    "max_output_tokens": 4096,
    "store": True,
    "background": None,
    "user": None,
    "safety_identifier": None,
    "prompt_cache_key": None,
    "top_logprobs": 0,
}


def _not_repeated(key: str) -> None:
    def change(call: Call, body: Json) -> None:
        asked = call.fields.get(key)
        if asked is None or body["status"] == "queued":
            return
        if isinstance(asked, bool):
            body[key] = not asked
        elif asked != _WRONG[key]:
            body[key] = _WRONG[key]

    change.__doc__ = f"`{key}` is not repeated but something else."
    also = {"instructions": (), "store": ()}.get(key, ())
    anywhere = key in ("previous_response_id",)
    when = (lambda call: not call.stream) if anywhere else unstored
    whole(f"responses.echo.{key.replace('_', '-')}", when=when,
          breaks=(f"responses.echo.{key.replace('_', '-')}", *also))(change)  # fmt: skip


for _key in _WRONG:
    _not_repeated(_key)


@whole("responses.echo.tool-choice")
def choice_auto(call: Call, body: Json) -> None:
    """`tool_choice` is always auto."""
    body["tool_choice"] = "auto"


@whole("responses.echo.tools", breaks=("responses.echo.tools",))
def tools_dropped(call: Call, body: Json) -> None:
    """`tools` is always empty."""
    body["tools"] = []


@whole("responses.echo.tool-parameters")
def parameters_dropped(call: Call, body: Json) -> None:
    """The functions are repeated without their parameters."""
    for tool in body["tools"]:
        if "parameters" in tool:
            tool["parameters"] = {"type": "object", "properties": {}}


@whole("responses.echo.format")
def format_text(call: Call, body: Json) -> None:
    """`text.format` is always text."""
    body["text"] = {"format": {"type": "text"}}


@whole("responses.echo.format-given", field_defects=())
def format_dropped(call: Call, body: Json) -> None:
    """`text` says nothing."""
    body["text"] = {}


@whole("responses.echo.effort")
def effort_fixed(call: Call, body: Json) -> None:
    """The effort is always medium."""
    body["reasoning"]["effort"] = "medium"


@whole("responses.echo.unsent", when=lambda call: set(call.fields) == {"model", "input"})
def prompt_leaks(call: Call, body: Json) -> None:
    """The server's own system prompt stands in `instructions`."""
    body["instructions"] = "You are HelperBot. Never say that you are a model."


@fault("responses.error.no-messages", at="error", route="responses",
       when=lambda call: "messages" not in call.fields,
       breaks=("responses.error.no-messages", "responses.previous.error"),
       field_defects="resp-wrong-validator")  # fmt: skip
def wrong_validator(call: Call, error: Any) -> None:
    """Errors are those of the chat route."""
    if error.status == 400:
        error.body["error"] |= {
            "message": "Missing required parameter: 'messages'.",
            "param": "messages",
        }


@fault("responses.error.messages-refused", at="request", route="responses",
       when=lambda call: "messages" in call.fields)  # fmt: skip
def nothing_asked(call: Call, body: Json) -> Json:
    """Without an input something is answered all the same."""
    return {"model": body["model"], "input": "Hello."}


# ---- text and logprobs -------------------------------------------------------------------------


def _halved(text: str) -> str:
    return "".join("\ufffd\ufffd" if c > "\uffff" else c for c in text)


@whole("responses.encoding.whole")
def halved(call: Call, body: Json) -> None:
    """An emoji is two replacement characters."""
    for part in texts(body):
        part["text"] = _halved(part["text"])


@streamed("responses.encoding.streamed", breaks=("responses.encoding.streamed",
          "responses.stream.text.joins", "responses.stream.text.item-same",
          "responses.stream.text.part-same"))  # fmt: skip
def halved_deltas(call: Call, events: list[Event]) -> None:
    """An emoji is streamed as two replacement characters."""
    for name, payload in events:
        if name == "response.output_text.delta":
            payload["delta"] = _halved(payload["delta"])


@whole("responses.logprobs.not-ignored",
       breaks=("responses.logprobs.not-ignored",))  # fmt: skip
def no_logprobs(call: Call, body: Json) -> None:
    """Logprobs are asked for and not given."""
    for part in texts(body):
        part["logprobs"] = []


@whole("responses.logprobs.aligned")
def shifted_logprobs(call: Call, body: Json) -> None:
    """The logprobs lack the first token."""
    for part in texts(body):
        part["logprobs"] = part["logprobs"][1:]


@streamed("responses.logprobs.aligned-streamed")
def shifted_stream(call: Call, events: list[Event]) -> None:
    """The logprobs of the final response lack the last token."""
    for part in texts(events[-1][1].get("response", {})):
        part["logprobs"] = part["logprobs"][:-1]


@whole("responses.logprobs.top")
def more_tops(call: Call, body: Json) -> None:
    """Five alternatives are given where two were asked for."""
    for part in texts(body):
        for entry in part["logprobs"]:
            entry["top_logprobs"] = (entry["top_logprobs"] * 5)[:5]


@streamed("responses.logprobs.deltas")
def bare_deltas(call: Call, events: list[Event]) -> None:
    """The logprobs come with the end alone."""
    for name, payload in events:
        if name == "response.output_text.delta":
            payload["logprobs"] = []


@streamed("responses.logprobs.unasked", when=lambda call: "include" not in call.fields)
def always_logprobs(call: Call, events: list[Event]) -> None:
    """Deltas carry logprobs that nobody asked for."""
    for name, payload in events:
        if name == "response.output_text.delta":
            entry = {"token": payload["delta"], "logprob": -0.1, "bytes": [], "top_logprobs": []}
            payload["logprobs"] = [entry]
