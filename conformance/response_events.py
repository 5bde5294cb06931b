"""Responses, whole or streamed, as values: events, items, parts, the text that deltas join to.

Everything here takes garbage: what is not of the expected type is left out, and other requirements
say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.exchange import Exchange
from conformance.expect import NotApplicable
from conformance.select import RESPONSES, RESPONSES_STREAM, Selector, on

ENDS = ("response.completed", "response.incomplete", "response.failed")
TERMINAL = (*ENDS, "error")
OPENING = ("response.created", "response.queued", "response.in_progress")
LIFECYCLE = (*OPENING, *ENDS, "response.cancelled")

DELTAS = {
    "response.output_text.delta": "output_text",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning_text",
}
"""Deltas of content parts, with the type of the part that they belong to."""

DONES = {
    "response.output_text.done": ("response.output_text.delta", "text"),
    "response.refusal.done": ("response.refusal.delta", "refusal"),
    "response.reasoning_text.done": ("response.reasoning_text.delta", "text"),
    "response.reasoning_summary_text.done": ("response.reasoning_summary_text.delta", "text"),
    "response.function_call_arguments.done": (
        "response.function_call_arguments.delta",
        "arguments",
    ),
    "response.custom_tool_call_input.done": ("response.custom_tool_call_input.delta", "input"),
    "response.mcp_call_arguments.done": ("response.mcp_call_arguments.delta", "arguments"),
}
"""Closing events of a text, with their deltas and the key of the whole text."""

CALLS = {
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
}
"""Items that are calls of the client's tools, with their events and the key of the arguments."""

RETRIEVED = on("GET", "/responses/{id}", "retrieved responses")
CANCELLED = on("POST", "/responses/{id}/cancel", "cancelled responses")
CREATED = Selector("responses, whole or streamed", lambda x: RESPONSES(x) or RESPONSES_STREAM(x))
ANSWERS = Selector("response objects", lambda x: CREATED(x) or RETRIEVED(x) or CANCELLED(x))


@dataclass(frozen=True)
class Seen:
    """One event. ``number``: from 1; ``at``: arrival; ``name``: of the ``event:`` line."""

    number: int
    at: float
    name: str | None
    type: str
    payload: dict[str, Any]

    @property
    def where(self) -> str:
        return f"event {self.number} ({self.type})"

    @property
    def response(self) -> dict[str, Any]:
        """The response that the event carries; {} when there is none."""
        return dict_of(self.payload, "response")

    @property
    def item(self) -> dict[str, Any]:
        return dict_of(self.payload, "item")

    @property
    def part(self) -> dict[str, Any]:
        return dict_of(self.payload, "part")

    @property
    def index(self) -> int | None:
        return number(self.payload.get("output_index"))

    @property
    def delta(self) -> str:
        delta = self.payload.get("delta")
        return delta if isinstance(delta, str) else ""

    @property
    def place(self) -> tuple[Any, ...]:
        """What a delta and its closing event have in common: item and part."""
        return (
            self.index,
            number(self.payload.get("content_index")),
            number(self.payload.get("summary_index")),
        )


def dict_of(value: Any, key: str) -> dict[str, Any]:
    """A member that is an object; {} otherwise."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def number(value: Any) -> int | None:
    """An integer that is no boolean, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_or_none(value: Any) -> str | None:
    """A string that is not empty, or None."""
    return value if isinstance(value, str) and value else None


# ---- streams -----------------------------------------------------------------------------------


def seen(x: Exchange) -> list[Seen]:
    """The events that carry a JSON object with a type. Raises NotApplicable when there is none."""
    found: tuple[Seen, ...] = ()
    if x.response is not None:
        # asked by every rule of these streams
        found = x.response.__dict__.get("_seen") or tuple(
            Seen(number, event.at, event.event or None, payload["type"], payload)
            for number, event, payload in x.response.numbered
            if isinstance(payload.get("type"), str)
        )
        x.response.__dict__["_seen"] = found
    if not found:
        raise NotApplicable("the body holds no event of a response")
    return list(found)


def of(events: list[Seen], *types: str) -> list[Seen]:
    """The events of these types."""
    return [e for e in events if e.type in types]


def cut(x: Exchange) -> bool:
    """Whether the connection broke, so that the end of the stream says nothing."""
    return x.response is None or not x.response.complete


def ended(x: Exchange) -> list[Seen]:
    """The events of a stream that reports its end. Raises NotApplicable for another."""
    events = seen(x)
    if not of(events, *ENDS):
        raise NotApplicable("the stream has no event that ends it")
    return events


def completed(x: Exchange) -> list[Seen]:
    """The events of a stream that ended without a failure."""
    events = ended(x)
    if of(events, "response.failed", "error"):
        raise NotApplicable("the stream failed")
    return events


def last_response(x: Exchange) -> dict[str, Any]:
    """The response of the event that ends a stream; {} when there is none."""
    try:
        found = of(seen(x), *ENDS)
    except NotApplicable:
        return {}
    return found[-1].response if found else {}


def first_response(x: Exchange) -> dict[str, Any]:
    """The response of the first event that carries one; {} when there is none."""
    try:
        return next((e.response for e in seen(x) if e.response), {})
    except NotApplicable:
        return {}


def joined(events: list[Seen], kind: str, place: tuple[Any, ...]) -> str | None:
    """The deltas of one type at one place, joined; None when there is none."""
    pieces = [e.delta for e in events if e.type == kind and e.place == place]
    return "".join(pieces) if pieces else None


# ---- whole responses ---------------------------------------------------------------------------


def result(x: Exchange) -> dict[str, Any]:
    """The response as it was at the end, whichever way it came; {} when there is none."""
    if x.is_stream or x.is_sse:
        return last_response(x)
    body = x.json
    return body if isinstance(body, dict) and not dict_of(body, "error").get("type") else {}


def need(x: Exchange) -> dict[str, Any]:
    """The response of an exchange. Raises NotApplicable where there is none."""
    found = result(x)
    if not found:
        raise NotApplicable("the answer holds no response")
    return found


def output(response: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a response that are objects."""
    found = response.get("output")
    return [i for i in found if isinstance(i, dict)] if isinstance(found, list) else []


def items(response: dict[str, Any], *types: str) -> list[dict[str, Any]]:
    """The items of these types."""
    return [item for item in output(response) if item.get("type") in types]


def parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The content parts of an item that are objects."""
    found = item.get("content")
    return [p for p in found if isinstance(p, dict)] if isinstance(found, list) else []


def text_parts(response: dict[str, Any]) -> list[dict[str, Any]]:
    """The output_text parts of all messages."""
    return [
        part
        for item in items(response, "message")
        for part in parts(item)
        if part.get("type") == "output_text"
    ]


def texts(response: dict[str, Any]) -> str:
    """What the SDKs show as ``output_text``: all text parts joined."""
    return "".join(p["text"] for p in text_parts(response) if isinstance(p.get("text"), str))


def text_of(x: Exchange) -> str:
    """The text of an exchange, whole or joined from its deltas."""
    if x.is_stream:
        try:
            return "".join(e.delta for e in of(seen(x), "response.output_text.delta"))
        except NotApplicable:
            return ""
    return texts(result(x))


def calls(response: dict[str, Any]) -> list[dict[str, Any]]:
    """The calls of the client's tools."""
    return items(response, *CALLS)


def calls_of(x: Exchange) -> list[dict[str, Any]]:
    """The calls of an exchange; of a stream also those that only its items hold."""
    found = calls(result(x))
    if not found and x.is_stream:
        try:
            done = of(seen(x), "response.output_item.done")
        except NotApplicable:
            return []
        found = [e.item for e in done if e.item.get("type") in CALLS]
    return found


def usage_of(x: Exchange) -> dict[str, Any]:
    """The usage of an exchange; {} when there is none."""
    return dict_of(result(x), "usage")


def ended_at_once(x: Exchange) -> bool:
    """Whether the model itself ended its answer before a word: nothing was counted as made."""
    made = number(usage_of(x).get("output_tokens"))
    return result(x).get("status") == "completed" and made is not None and made <= 1


def count(x: Exchange, key: str) -> int:
    """One count of the usage. Raises NotApplicable where there is none."""
    value = number(usage_of(x).get(key))
    if value is None:
        raise NotApplicable(f"the answer has no usage.{key}")
    return value


def detail(usage: dict[str, Any], group: str, key: str) -> int | None:
    """One count of the details of a usage."""
    return number(dict_of(usage, group).get(key))


def id_of(x: Exchange) -> str | None:
    """The id of the response, of a stream the first one that it names."""
    body = result(x) or (first_response(x) if x.is_stream else {})
    return text_or_none(body.get("id"))


def ids(x: Exchange) -> Iterator[str]:
    """Every response id that an exchange names."""
    if not x.is_stream:
        name = text_or_none(result(x).get("id"))
        if name:
            yield name
        return
    for event in seen(x):
        name = text_or_none(event.response.get("id"))
        if name:
            yield name


def listed(x: Exchange) -> list[dict[str, Any]]:
    """The elements of a list. Raises NotApplicable when the answer is none."""
    body = x.json
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list):
        raise NotApplicable("the answer is no list")
    return [one for one in data if isinstance(one, dict)]


def said(item: dict[str, Any]) -> str:
    """The text of a message item, of input or of output."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    return "".join(p["text"] for p in parts(item) if isinstance(p.get("text"), str))


def offered(x: Exchange) -> dict[str, dict[str, Any]]:
    """The tools of a request that have names, by name."""
    found = x.sent.get("tools")
    return {
        tool["name"]: tool
        for tool in (found if isinstance(found, list) else ())
        if isinstance(tool, dict) and isinstance(tool.get("name"), str)
    }


def retried(x: Exchange) -> bool:
    """Whether an exchange may repeat another's answer on purpose."""
    return x.request.header("idempotency-key") is not None
