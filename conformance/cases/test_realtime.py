"""Realtime in text: the order of the server's events, what they name, and what they add up to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.cases._objects import rule, step, words
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.realtime import INSTRUCTIONS, UNKNOWN_EVENT, WORDS
from conformance.requirement import MUST, SHOULD, Case, Level, openai

Event = dict[str, Any]
CASES: list[Case] = []
NEEDS = "realtime"
CLIENT = "openai-python realtime.connect(): "


def events(x: Exchange) -> list[Event]:
    """What the server said, as far as it is JSON objects (a rule of its own says that it is)."""
    if x.response is None or x.status != 101:
        raise NotApplicable("no conversation was opened")
    found = []
    for line in x.response.body.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


def named(said: list[Event], *names: str) -> list[Event]:
    return [event for event in said if event.get("type") in names]


def talk(steps: Steps, name: str = "text") -> list[Event]:
    return events(step(steps, name))


def answered(steps: Steps) -> Event:
    """The response of ``response.done``."""
    done = named(talk(steps), "response.done")
    response = done[0].get("response") if done else None
    if not isinstance(response, dict):
        raise NotApplicable("there is no response.done with a response")
    if response.get("status") == "failed":
        raise Inconclusive(f"the response failed: {str(response.get('status_details'))[:200]}")
    return response


def created(steps: Steps) -> None:
    """101, then session.created."""
    x = step(steps, "text")
    if x.status != 101:
        fail("status", "101", words(x), exchange=x)
    said = events(x)
    first = said[0] if said else {}
    require(first.get("type") == "session.created", "event 1", "session.created",
            first.get("type"))  # fmt: skip
    session = first.get("session")
    require(isinstance(session, dict) and isinstance(session.get("id"), str),
            "event 1: session", "an object with its `id`", session)  # fmt: skip


def typed(steps: Steps) -> None:
    """Every message is a JSON object with a type and an event_id."""
    for name in ("text", "unknown-event"):
        x = steps.get(name)
        if x is None or x.status != 101 or x.response is None:
            continue
        for number, line in enumerate(x.response.body.splitlines(), start=1):
            try:
                event = json.loads(line)
            except ValueError:
                fail(f"message {number}", "JSON", line[:80].decode("utf-8", "replace"), exchange=x)
            require(isinstance(event, dict) and isinstance(event.get("type"), str)
                    and isinstance(event.get("event_id"), str),
                    f"message {number}", "`type` and `event_id`, both strings", event)  # fmt: skip


def unique(steps: Steps) -> None:
    ids = [e["event_id"] for e in talk(steps) if isinstance(e.get("event_id"), str)]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    require(not twice, "event_id", "another in each event", twice[:3])


def acknowledged(steps: Steps) -> None:
    """The item of the client comes back, with its text."""
    found = named(talk(steps), "conversation.item.added", "conversation.item.created")
    for event in found:
        item = event.get("item")
        if isinstance(item, dict) and item.get("role") == "user":
            require(WORDS in json.dumps(item.get("content"), ensure_ascii=False),
                    "item.content", f"the text {WORDS!r}", item.get("content"))  # fmt: skip
            return
    fail("events", "conversation.item.added (created in the beta) with the client's item",
         [e.get("type") for e in talk(steps)][:12])  # fmt: skip


_ORDER = ("response.created", "response.output_item.added", "response.content_part.added",
          "text.delta", "text.done", "response.content_part.done", "response.output_item.done",
          "response.done")  # fmt: skip


def _short(event: Event) -> str:
    kind = str(event.get("type"))
    for word in ("delta", "done"):
        if kind in (f"response.output_text.{word}", f"response.text.{word}"):
            return f"text.{word}"  # the beta's names lack `output_`
    return kind


def ordered(steps: Steps) -> None:
    """The life of a response goes one way."""
    answered(steps)
    kinds = [_short(e) for e in talk(steps)]
    seen = [k for k in kinds if k in _ORDER]
    places = [seen.index(k) if k in seen else -1 for k in _ORDER]
    lacking = [k for k, p in zip(_ORDER, places, strict=True) if p < 0]
    if lacking and set(lacking) <= {"text.delta", "text.done"}:
        raise Inconclusive("no text was generated")
    require(not lacking, "events", "each of " + ", ".join(_ORDER), f"without {lacking}")
    require(places == sorted(places), "events", " -> ".join(_ORDER), " -> ".join(seen[:20]))


def once(steps: Steps) -> None:
    """One response.done, and nothing of the response after it."""
    said = [str(e.get("type")) for e in talk(steps)]
    require(said.count("response.done") == 1, "events", "one response.done",
            f"{said.count('response.done')}, last {said[-1:]}")  # fmt: skip


def completed(steps: Steps) -> None:
    response = answered(steps)
    require(response.get("status") == "completed", "response.status", "completed",
            response.get("status"))  # fmt: skip


def joined(steps: Steps) -> None:
    """Deltas, the done text and the response's own output say the same."""
    response, said = answered(steps), talk(steps)
    deltas = "".join(str(e.get("delta")) for e in said if _short(e) == "text.delta")
    done = [e.get("text") for e in said if _short(e) == "text.done"]
    if not done and not deltas:
        raise Inconclusive("no text was generated")
    require(done == [deltas], "text of the done event", repr(deltas)[:200], done)
    output = json.dumps(response.get("output"), ensure_ascii=False)
    require(
        json.dumps(deltas, ensure_ascii=False)[1:-1] in output,
        "response.done: response.output",
        f"the text {deltas[:80]!r}",
        output[:200],
    )


def stable(steps: Steps) -> None:
    """One response id and one item id from the first to the last event."""
    said = talk(steps)
    responses = {e["response_id"] for e in said if isinstance(e.get("response_id"), str)}
    responses |= {e["response"].get("id") for e in named(said, "response.created", "response.done")
                  if isinstance(e.get("response"), dict)}  # fmt: skip
    require(len(responses) <= 1, "response ids", "one", sorted(map(str, responses)))
    items = {e["item_id"] for e in said if isinstance(e.get("item_id"), str)
             and str(e.get("type")).startswith("response.")}  # fmt: skip
    items |= {e["item"].get("id") for e in named(said, "response.output_item.added",
              "response.output_item.done") if isinstance(e.get("item"), dict)}  # fmt: skip
    require(len(items) <= 1, "item ids", "one", sorted(map(str, items)))


def usage(steps: Steps) -> None:
    found = answered(steps).get("usage")
    if not isinstance(found, dict):
        fail("response.usage", "an object", found)
    tokens = [found.get(n) for n in ("input_tokens", "output_tokens", "total_tokens")]
    numbers = [n for n in tokens if isinstance(n, int) and not isinstance(n, bool)]
    whole = len(numbers) == 3 and numbers[0] + numbers[1] == numbers[2]
    require(whole, "response.usage", "input_tokens + output_tokens = total_tokens", found)


def told(steps: Steps) -> None:
    """An error event, with the id of the event that it is about."""
    errors = named(talk(steps, "unknown-event"), "error")
    require(bool(errors), "events", "an error event", "none")
    error = errors[0].get("error")
    if not isinstance(error, dict):
        fail("error", "an object", error)
    for name in ("type", "message"):
        require(isinstance(error.get(name), str), f"error.{name}", "a string", error.get(name))


def caused(steps: Steps) -> None:
    errors = named(talk(steps, "unknown-event"), "error")
    error = errors[0].get("error") if errors else None
    if not isinstance(error, dict):
        raise NotApplicable("there is no error event")
    require(error.get("event_id") == UNKNOWN_EVENT, "error.event_id", UNKNOWN_EVENT,
            error.get("event_id"))  # fmt: skip


def stays(steps: Steps) -> None:
    """What follows a wrong event is answered."""
    said = talk(steps, "unknown-event")
    require(bool(named(said, "session.updated")), "events", "session.updated after the error",
            [e.get("type") for e in said])  # fmt: skip


def updated(steps: Steps) -> None:
    found = named(talk(steps, "unknown-event"), "session.updated")
    if not found:
        raise NotApplicable("there is no session.updated")
    session = found[0].get("session")
    actual = session.get("instructions") if isinstance(session, dict) else session
    require(actual == INSTRUCTIONS, "session.instructions", INSTRUCTIONS, actual)


def begun(steps: Steps) -> None:
    """A response that is created has not said anything yet."""
    found = named(talk(steps), "response.created")
    response = found[0].get("response") if found else None
    if not isinstance(response, dict):
        raise NotApplicable("there is no response.created with a response")
    require(response.get("status") == "in_progress", "response.status", "in_progress",
            response.get("status"))  # fmt: skip
    require(not response.get("output"), "response.output", "nothing yet", response.get("output"))


def closed(steps: Steps) -> None:
    """The item that is done holds the text of its deltas."""
    said = talk(steps)
    deltas = named(said, "response.output_text.delta", "response.text.delta")
    text = "".join(str(event.get("delta", "")) for event in deltas)
    for event in named(said, "response.output_item.done"):
        item = event.get("item")
        parts = item.get("content") if isinstance(item, dict) else None
        if not isinstance(item, dict) or item.get("type") != "message" or not text:
            continue
        listed = parts if isinstance(parts, list) else []
        found = "".join(str(p.get("text") or "") for p in listed if isinstance(p, dict))
        require(found == text, "item.content", text[:200], found[:200])
        require(item.get("status") in ("completed", "incomplete"), "item.status", "completed",
                item.get("status"))  # fmt: skip


def shut(name: str) -> Callable[[Steps], None]:
    def judge(steps: Steps) -> None:
        x = step(steps, name)
        if x.status == 101:
            opened = named(events(x), "session.created")
            require(not opened, "events", "a refused handshake, or an error event and the end",
                    "session.created")  # fmt: skip
        elif not (400 <= x.status < 500):
            fail("status", "4xx, or 101 with an error event", words(x), exchange=x)

    return judge


def _add(
    id: str,
    text: str,
    judge: Callable[[Steps], None],
    *,
    level: Level = MUST,
    probe: str = "realtime_text",
    breaks: str = "the conversation is misread",
) -> None:
    made = openai("realtime-server-events")
    rule(
        CASES,
        __name__,
        f"realtime.{id}",
        text,
        judge,
        probes=(probe,),
        needs=NEEDS,
        source=made,
        level=level,
        breaks=(CLIENT + breaks,),
    )


WRONG = "realtime_wrong"
_add("session.created", "A connection opens with a `session.created` event that holds the session.",
     created, breaks="it waits for a session that never comes")  # fmt: skip
_add("events.typed", "Every message of the server is a JSON object with `type` and `event_id`.",
     typed, breaks="events cannot be parsed")  # fmt: skip
_add("events.ids-unique", "Each event has an id of its own.", unique, level=SHOULD)
_add("item.acknowledged", "An item that the client creates is acknowledged with its content.",
     acknowledged)  # fmt: skip
_add("response.order", "The events of a response come in the order of its life.", ordered)
_add("response.done-once", "A response ends with one `response.done`.", once,
     breaks="it waits for the end")  # fmt: skip
_add("response.created", "A response that is created is in progress and empty.", begun)
_add("item.done", "An item that is done holds the whole text, and is completed.", closed)
_add("response.completed", "A response that said all it had to say is `completed`.", completed)
_add("text.joined", "Deltas join to the text of the done event and of the response.", joined)
_add("response.ids-stable", "A response and its item keep their ids through all events.", stable)
_add("response.usage", "`response.done` holds the usage, and its numbers add up.", usage,
     breaks="nobody knows what it cost")  # fmt: skip
_add("error.event", "An unknown event is answered with an `error` event.", told, probe=WRONG)
_add("error.names-event", "An error event names the client's event that caused it.", caused,
     level=SHOULD, probe=WRONG)  # fmt: skip
_add("error.connection-stays", "A wrong event does not end the conversation.", stays, probe=WRONG)
_add("session.updated", "`session.update` is answered with the session as it is now.", updated,
     probe=WRONG)  # fmt: skip
_add("model.unknown", "No session opens for a model that does not exist.", shut("unknown-model"),
     probe=WRONG)  # fmt: skip
_add("auth.required", "No session opens without a key.", shut("no-key"), probe=WRONG,
     breaks="anyone may talk at the owner's cost")  # fmt: skip
