"""Faults of streamed tool calls."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.chat_stream import choices
from conformance.reference.faults.tools import with_tools

Json = dict[str, Any]
Chunks = list[Json]
BASE = "chat.tools.stream"


def deltas(chunks: Chunks) -> list[Json]:
    """Every delta of a tool call, in order."""
    return [made for choice in choices(chunks) for made in choice["delta"].get("tool_calls", ())]


def opening(chunks: Chunks) -> list[Json]:
    return [made for made in deltas(chunks) if "id" in made]


def pieces(chunks: Chunks) -> list[Json]:
    """The deltas that carry only a piece of the arguments."""
    return [made for made in deltas(chunks) if "id" not in made]


def _drop(chunks: Chunks, lost: list[Json]) -> Chunks:
    """The chunks without these deltas."""
    kept = []
    for chunk in chunks:
        made = [d for choice in chunk["choices"] for d in choice["delta"].get("tool_calls", ())]
        if not made or not all(any(d is one for one in lost) for d in made):
            kept.append(chunk)
    return kept


@fault(f"{BASE}.finish-reason", at="chunks", route="chat", when=with_tools,
       breaks=(f"{BASE}.finish-reason", f"{BASE}.finish-equal", f"{BASE}.finish-equal-named"),
       field_defects="finish-reason-stream-disagrees-with-nonstream")  # fmt: skip
def finish_stop(call: Call, chunks: Chunks) -> None:
    """A stream with calls ends with `stop`."""
    for choice in choices(chunks):
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "stop"


@fault(f"{BASE}.finish-equal", at="chunks", route="chat", when=with_tools,
       breaks=(f"{BASE}.finish-equal", f"{BASE}.finish-equal-named"))  # fmt: skip
def finish_length(call: Call, chunks: Chunks) -> None:
    """A stream with calls ends with `length`, though nothing was cut."""
    for choice in choices(chunks):
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "length"


@fault(f"{BASE}.finish-equal-named", at="chunks", route="chat",
       when=lambda call: isinstance(call.fields.get("tool_choice"), dict))  # fmt: skip
def finish_stop_named(call: Call, chunks: Chunks) -> None:
    """A forced function ends with `stop` in a stream only."""
    finish_stop(call, chunks)


@fault(f"{BASE}.ids-unique", at="chunks", route="chat")
def same_ids(call: Call, chunks: Chunks) -> None:
    """Parallel calls have one id."""
    for made in opening(chunks):
        made["id"] = "call_0"


@fault(f"{BASE}.arguments-json", at="chunks", route="chat",
       field_defects="tool-args-missing-closing-brace-stream")  # fmt: skip
def missing_brace(call: Call, chunks: Chunks) -> Chunks:
    """The last piece of the arguments is never sent."""
    last = {made["index"]: made for made in pieces(chunks)}
    return _drop(chunks, list(last.values()))


@fault(f"{BASE}.arguments-json/prefix", at="chunks", route="chat",
       breaks=f"{BASE}.arguments-json",
       field_defects="tool-arguments-prefixed-empty-object")  # fmt: skip
def prefixed(call: Call, chunks: Chunks) -> None:
    """The first delta of a call has the arguments `{}`."""
    for made in opening(chunks):
        if "function" in made:
            made["function"]["arguments"] = "{}"


@fault(f"{BASE}.arguments-json/mixed", at="chunks", route="chat",
       breaks=(f"{BASE}.arguments-json",))  # fmt: skip
def cumulative(call: Call, chunks: Chunks) -> None:
    """Each piece of the arguments holds all of them so far."""
    so_far: dict[int, str] = {}
    for made in pieces(chunks):
        if "function" in made:
            text = so_far.get(made["index"], "") + made["function"]["arguments"]
            so_far[made["index"]] = made["function"]["arguments"] = text


@fault(f"{BASE}.strict", at="chunks", route="chat", when=lambda call: "strict" in str(call.body))
def loose_strict(call: Call, chunks: Chunks) -> None:
    """`strict` is ignored in a stream: an enum of integers is left at 7."""
    joined = ""
    for made in pieces(chunks):
        joined += made["function"]["arguments"]
        if joined.endswith('"priority":1'):
            made["function"]["arguments"] = made["function"]["arguments"].replace("1", "7")


@fault(f"{BASE}.name-known", at="chunks", route="chat",
       breaks=(f"{BASE}.name-known", f"{BASE}.named"))  # fmt: skip
def prefixed_name(call: Call, chunks: Chunks) -> None:
    """The name of a streamed function carries a prefix."""
    for made in opening(chunks):
        if "function" in made:
            made["function"]["name"] = f"functions.{made['function']['name']}"


@fault(f"{BASE}.no-markup", at="chunks", route="chat",
       when=lambda call: call.fields.get("tool_choice") == "auto" and with_tools(call),
       breaks=(f"{BASE}.no-markup", "chat.stream.shape.choices.delta.tool-calls.non-empty"),
       field_defects="tool-call-as-text-in-stream-auto")  # fmt: skip
def markup(call: Call, chunks: Chunks) -> None:
    """With `auto` the call is streamed as text, beside empty lists of calls."""
    for choice in choices(chunks):
        delta = choice["delta"]
        if delta.get("tool_calls"):
            first = "id" in delta["tool_calls"][0]
            delta["content"] = '<tool_call>\n{"name":"get_weather"' if first else ", "
            delta["tool_calls"] = []
        elif choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "stop"


@fault(f"{BASE}.index-order", at="chunks", route="chat")
def from_one(call: Call, chunks: Chunks) -> None:
    """Calls are numbered from 1."""
    for made in deltas(chunks):
        made["index"] += 1


@fault(f"{BASE}.index-order/absent", at="chunks", route="chat",
       breaks=("chat.stream.shape.choices.delta.tool-calls.index", f"{BASE}.arguments-json",
               f"{BASE}.id-once", f"{BASE}.name-once", f"{BASE}.count-equal"),
       field_defects="tool-delta-missing-index")  # fmt: skip
def no_index(call: Call, chunks: Chunks) -> None:
    """Tool deltas have no index."""
    for made in deltas(chunks):
        made.pop("index")


@fault(f"{BASE}.index-opened", at="chunks", route="chat",
       when=lambda call: len(call.fields.get("tools") or ()) == 1
       and "Paris, Tokyo" not in str(call.body),
       breaks=(f"{BASE}.index-opened", f"{BASE}.arguments-json"),
       field_defects="tool-delta-args-continuation-index-drifts")  # fmt: skip
def drifting(call: Call, chunks: Chunks) -> None:
    """The index of a call counts the pieces of its arguments."""
    for number, made in enumerate(pieces(chunks)):
        made["index"] += number


@fault(f"{BASE}.opening-id", at="chunks", route="chat",
       field_defects="tool-call-id-missing-stream-only")  # fmt: skip
def no_id(call: Call, chunks: Chunks) -> None:
    """Streamed calls have no id."""
    for made in opening(chunks):
        made["id"] = None


@fault(f"{BASE}.opening-name", at="chunks", route="chat")
def late_name(call: Call, chunks: Chunks) -> None:
    """The name of a function comes with the first piece of its arguments."""
    names = {m["index"]: m["function"].pop("name") for m in opening(chunks) if "function" in m}
    for made in pieces(chunks):
        if made["index"] in names and "function" in made:
            made["function"]["name"] = names.pop(made["index"])


@fault(f"{BASE}.opening-type", at="chunks", route="chat")
def no_call_type(call: Call, chunks: Chunks) -> None:
    """Streamed calls have no type."""
    for made in opening(chunks):
        del made["type"]


@fault(f"{BASE}.id-once", at="chunks", route="chat")
def repeated_id(call: Call, chunks: Chunks) -> None:
    """Every tool delta repeats the id."""
    ids: dict[int, str] = {}
    for made in deltas(chunks):
        made["id"] = ids.setdefault(made["index"], made.get("id", ""))


@fault(f"{BASE}.later-nulls", at="chunks", route="chat")
def null_id(call: Call, chunks: Chunks) -> None:
    """Later deltas have a null id and a null type."""
    for made in pieces(chunks):
        made.update(id=None, type=None)


@fault(f"{BASE}.later-nulls/name", at="chunks", route="chat", breaks=f"{BASE}.later-nulls")
def null_name(call: Call, chunks: Chunks) -> None:
    """Later deltas have a null name."""
    for made in pieces(chunks):
        if "function" in made:
            made["function"]["name"] = None


@fault(f"{BASE}.id-once/changing", at="chunks", route="chat", breaks=f"{BASE}.id-once")
def changing_id(call: Call, chunks: Chunks) -> None:
    """Every piece of the arguments has a tool id of its own, and an empty name."""
    for number, made in enumerate(pieces(chunks)):
        made["id"] = f"call_{number:04x}"
        if "function" in made:
            made["function"]["name"] = ""


@fault(f"{BASE}.name-once", at="chunks", route="chat",
       field_defects="tool-name-repeated-in-each-delta",
       breaks=(f"{BASE}.name-once", f"{BASE}.id-once"))  # fmt: skip
def repeated_name(call: Call, chunks: Chunks) -> None:
    """Every tool delta repeats id, type and name."""
    first: dict[int, Json] = {}
    for made in deltas(chunks):
        known = first.setdefault(made["index"], made)
        if made is not known and "function" in made:
            made.update(id=known["id"], type=known["type"])
            made["function"]["name"] = known["function"]["name"]


@fault(f"{BASE}.one-by-one", at="chunks", route="chat", when=with_tools)
def interleaved(call: Call, chunks: Chunks) -> Chunks | None:
    """The last piece of the first call comes after the second one has begun."""
    late = [
        chunk
        for chunk in chunks
        if chunk["choices"]
        and any(d["index"] == 0 for d in chunk["choices"][0]["delta"].get("tool_calls", ()))
    ][-1:]
    if len({made["index"] for made in deltas(chunks)}) < 2:
        return None
    kept = [chunk for chunk in chunks if chunk is not late[0]]
    places = [n for n, chunk in enumerate(kept) if deltas([chunk])]
    kept.insert(places[-1] + 1, late[0])
    return kept


@fault(f"{BASE}.keys-equal", at="chunks", route="chat",
       breaks=(f"{BASE}.keys-equal", f"{BASE}.arguments-json"),
       field_defects="tool-args-empty-in-stream")  # fmt: skip
def no_arguments(call: Call, chunks: Chunks) -> Chunks:
    """Only the first delta of a call is sent, without arguments."""
    return _drop(chunks, pieces(chunks))


@fault(f"{BASE}.keys-equal/object", at="chunks", route="chat",
       breaks=(f"{BASE}.keys-equal", f"{BASE}.strict", f"{BASE}.own-arguments",
               "chat.tools.arguments-fit"))  # fmt: skip
def empty_object(call: Call, chunks: Chunks) -> Chunks:
    """The arguments of a streamed call are always `{}`."""
    for made in opening(chunks):
        if "function" in made:
            made["function"]["arguments"] = "{}"
    return _drop(chunks, pieces(chunks))


@fault(f"{BASE}.content-equal", at="chunks", route="chat", when=with_tools,
       field_defects="reasoning-leaks-as-content-in-tool-stream")  # fmt: skip
def leaked_reasoning(call: Call, chunks: Chunks) -> None:
    """Hidden reasoning is streamed as content before the call."""
    if opening(chunks):
        chunks[0]["choices"][0]["delta"]["content"] = "thought\nThe user wants the weather."


@fault(f"{BASE}.count-equal", at="chunks", route="chat", when=with_tools)
def first_only(call: Call, chunks: Chunks) -> Chunks:
    """A stream brings the first call only."""
    return _drop(chunks, [made for made in deltas(chunks) if made["index"] > 0])


@fault(f"{BASE}.own-arguments", at="chunks", route="chat",
       breaks=(f"{BASE}.own-arguments", "chat.tools.arguments-fit"),
       when=lambda call: "get_time" in str(call.fields.get("tools")),
       field_defects="tool-args-lost-after-empty-args-call")  # fmt: skip
def lost_after_empty(call: Call, chunks: Chunks) -> Chunks:
    """After a call with `{}` every later call has `{}` as well."""
    lost = [made for made in pieces(chunks) if made["index"] > 0]
    for made in opening(chunks):
        if made["index"] > 0:
            made["function"]["arguments"] = "{}"
    return _drop(chunks, lost)
