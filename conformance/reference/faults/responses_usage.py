"""Faults of responses: usage, limits, and input that does not reach the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.responses import Event, Json, streamed, whole


@whole("responses.usage.given")
def no_usage(call: Call, body: Json) -> None:
    """The usage of a response is null."""
    body["usage"] = None


@whole("responses.usage.total")
def total_output(call: Call, body: Json) -> None:
    """`total_tokens` is the output alone."""
    body["usage"]["total_tokens"] = body["usage"]["output_tokens"]


@whole("responses.usage.total/off-by-one", breaks="responses.usage.total")
def total_off(call: Call, body: Json) -> None:
    """`total_tokens` is one too many."""
    body["usage"]["total_tokens"] += 1


def _zero(key: str) -> Callable[[Call, Json], None]:
    def change(call: Call, body: Json) -> None:
        usage = body["usage"]
        usage["total_tokens"] -= usage[key]
        usage[key] = 0

    change.__doc__ = f"`{key}` is 0."
    return change


whole(
    "responses.usage.input-counted",
    breaks=(
        "responses.usage.input-counted",
        "responses.usage.input-grows",
        "responses.tools.counted",
        "responses.tools.result-counted",
        "responses.input-tokens.equal",
    ),
)(_zero("input_tokens"))


whole(
    "responses.usage.output-counted",
    breaks=("responses.usage.output-counted", "responses.usage.reasoning-within"),
)(_zero("output_tokens"))


@whole("responses.usage.cached-within")
def cached_more(call: Call, body: Json) -> None:
    """More tokens were cached than sent."""
    usage = body["usage"]
    usage["input_tokens_details"]["cached_tokens"] = usage["input_tokens"] + 1


@whole("responses.usage.reasoning-within")
def reasoned_more(call: Call, body: Json) -> None:
    """More tokens were thought than generated."""
    usage = body["usage"]
    usage["output_tokens_details"]["reasoning_tokens"] = usage["output_tokens"] + 5


@fault("responses.usage.within-limit", at="accepted", route="responses",
       when=lambda call: "Count" in str(call.fields.get("input")) and not call.stream,
       breaks=("responses.usage.within-limit", "responses.echo.max-output-tokens",
               "responses.limit.incomplete"))  # fmt: skip
def unlimited(call: Call, body: Json) -> Json:
    """`max_output_tokens` is ignored."""
    return {**body, "max_output_tokens": None}


@whole("responses.usage.no-chat-names")
def both_names(call: Call, body: Json) -> None:
    """The usage has the names of both APIs."""
    usage = body["usage"]
    usage |= {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
    }


@whole("responses.usage.steady", when=lambda call: call.fields.get("input") is not None,
       breaks=("responses.usage.steady",
               "responses.input-tokens.equal"))  # fmt: skip
def drifting(call: Call, body: Json) -> None:
    """A few tokens more are counted each time."""
    if not body["usage"]:
        return
    number = call.app.data["drift"] = call.app.data.get("drift", 0) + 1
    body["usage"]["input_tokens"] += number % 7
    body["usage"]["total_tokens"] += number % 7


@streamed("responses.usage.output-grows", when=lambda call: "100" in str(call.fields.get("input")))
def counts_one(call: Call, events: list[Event]) -> None:
    """One output token is counted whatever the text is."""
    usage = events[-1][1]["response"]["usage"]
    usage["output_tokens"] = 1
    usage["total_tokens"] = usage["input_tokens"] + 1


# ---- limits and counting ------------------------------------------------------------------------


def _cut(call: Call) -> bool:
    return call.fields.get("max_output_tokens") == 16


@whole("responses.limit.incomplete", when=_cut)
def cut_completed(call: Call, body: Json) -> None:
    """A response that was cut off is completed."""
    body["status"], body["incomplete_details"] = "completed", None
    for item in body["output"]:
        item["status"] = "completed"


@whole("responses.limit.reason", when=_cut,
       breaks=("responses.limit.reason", "responses.status.incomplete-told"))  # fmt: skip
def length(call: Call, body: Json) -> None:
    """The reason is that of chat completions."""
    body["incomplete_details"] = {"reason": "length"}


@whole("responses.limit.item", when=_cut)
def item_completed(call: Call, body: Json) -> None:
    """The message that was cut off is completed."""
    body["output"][-1]["status"] = "completed"


@streamed("responses.limit.incomplete-streamed", when=_cut,
          breaks=("responses.limit.incomplete-streamed",))  # fmt: skip
def cut_completed_stream(call: Call, events: list[Event]) -> list[Event]:
    """A stream that was cut off ends with `response.completed`."""
    for _, payload in events:
        if payload.get("item", {}).get("status") == "incomplete":
            payload["item"]["status"] = "completed"
    response = events[-1][1]["response"]
    response |= {"status": "completed", "incomplete_details": None}
    for item in response["output"]:
        item["status"] = "completed"
    end = {"type": "response.completed", "sequence_number": 0, "response": response}
    return [*events[:-1], ("response.completed", end)]


def _forget(id: str, change: Callable[[Json], Any], text: str, *also: str) -> None:
    def hook(call: Call, body: Json) -> Any:
        return change(dict(body))

    fault(id, at="accepted", route="responses", breaks=(id, *also), text=text,
          when=lambda call: call.fields.get("max_output_tokens") == 32)(hook)  # fmt: skip


def _no_instructions(body: Json) -> Json:
    if "Shelf" in str(body.get("instructions")):
        body["instructions"] = ""
    return body


def _no_developer(body: Json) -> Json:
    if isinstance(body["input"], list):
        body["input"] = [i for i in body["input"] if i.get("role") != "developer"]
    return body


def _last_only(body: Json) -> Json:
    if isinstance(body["input"], list) and len(body["input"]) == 3:
        body["input"] = body["input"][-1:]
    return body


def _last_part(body: Json) -> Json:
    if isinstance(body["input"], list) and isinstance(body["input"][-1].get("content"), list):
        last = dict(body["input"][-1])
        last["content"] = last["content"][-1:]
        body["input"] = [*body["input"][:-1], last]
    return body


def _short_only(body: Json) -> Json:
    if isinstance(body["input"], str) and body["input"].startswith("Shelf"):
        body["input"] = body["input"][-30:]
    return body


_forget("responses.instructions.used", _no_instructions, "`instructions` are ignored.",
        "responses.echo.instructions")  # fmt: skip


_forget("responses.input.developer-used", _no_developer, "Developer messages are dropped.")


_forget("responses.input.history-used", _last_only, "Only the last message is read.",
        "responses.items.complete")  # fmt: skip


_forget("responses.input.parts-used", _last_part, "Only the last part of a message is read.")


_forget("responses.usage.input-grows", _short_only, "Long inputs are cut in silence.")


@whole("responses.usage.no-details", field_defects="resp-usage-details-missing",
       breaks=("responses.shape.usage.input-tokens-details",
               "responses.shape.usage.output-tokens-details"))  # fmt: skip
def details_missing(call: Call, body: Json) -> None:
    """The usage has no details."""
    for key in ("input_tokens_details", "output_tokens_details"):
        (body["usage"] or {}).pop(key, None)
