"""The vocabulary of cases: look at an exchange, and say what is expected where it is not met.

``expect(exchange)`` opens an exchange; ``.json`` gives a :class:`Value` that knows its own path, so
that every violation says where. All of it raises :class:`Violation` and returns nothing of worth,
or a narrower :class:`Value`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NoReturn

from conformance.exchange import Exchange, Response
from conformance.wire.jsontext import JsonError
from conformance.wire.sse import Event


class Violation(Exception):
    """A requirement does not hold. ``expected``: the acceptable alternatives, in words."""

    def __init__(
        self,
        message: str = "",
        *,
        at: str = "",
        expected: Iterable[str] = (),
        actual: Any = None,
        exchange: Exchange | None = None,
    ) -> None:
        super().__init__(message or f"{at}: expected {', or '.join(expected)}")
        self.message = message
        self.at = at
        self.expected = tuple(expected)
        self.actual = actual
        self.exchange = exchange


class Inconclusive(Exception):
    """Nothing can be said. ``owner``: model, quota, network or suite."""

    def __init__(self, reason: str, *, owner: str = "model") -> None:
        super().__init__(reason)
        self.reason = reason
        self.owner = owner


class NotApplicable(Exception):
    """This exchange has nothing that the requirement speaks of."""


class _Missing:
    def __repr__(self) -> str:
        return "absent"

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()


def fail(
    at: str, expected: str | Iterable[str], actual: Any, *, message: str = "", exchange: Any = None
) -> NoReturn:
    """Raise a :class:`Violation`."""
    alternatives = (expected,) if isinstance(expected, str) else tuple(expected)
    raise Violation(message, at=at, expected=alternatives, actual=actual, exchange=exchange)


def require(holds: bool, at: str, expected: str | Iterable[str], actual: Any) -> None:
    """Raise a :class:`Violation` unless ``holds``."""
    if not holds:
        fail(at, expected, actual)


def kind_of(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is MISSING:
        return "absent"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


class Value:
    """A JSON value with the path by which it was reached."""

    __slots__ = ("path", "raw")

    def __init__(self, raw: Any, path: str = "") -> None:
        self.raw = raw
        self.path = path

    def _fail(self, expected: str | Iterable[str]) -> NoReturn:
        fail(self.path or "body", expected, self.raw if self.raw is not MISSING else "absent")

    def __getitem__(self, key: str | int) -> Value:
        """A member that must be there."""
        value = self.get(key)
        if value.raw is MISSING:
            fail(value.path, "present", "absent")
        return value

    def get(self, key: str | int) -> Value:
        """A member, possibly :data:`MISSING`; a wrong container counts as without it."""
        if isinstance(key, int):
            path = f"{self.path}[{key}]"
            found = (
                self.raw[key]
                if isinstance(self.raw, list) and -len(self.raw) <= key < len(self.raw)
                else MISSING
            )
        else:
            path = f"{self.path}.{key}" if self.path else key
            found = self.raw.get(key, MISSING) if isinstance(self.raw, dict) else MISSING
        return Value(found, path)

    @property
    def present(self) -> bool:
        return self.raw is not MISSING

    def __iter__(self) -> Iterator[Value]:
        if isinstance(self.raw, list):
            for index, item in enumerate(self.raw):
                yield Value(item, f"{self.path}[{index}]")

    def __len__(self) -> int:
        return len(self.raw) if isinstance(self.raw, list | dict | str) else 0

    def __bool__(self) -> bool:
        return self.raw is not MISSING

    # each returns self, so that they chain
    def is_a(self, *kinds: str) -> Value:
        """One of the JSON types: object, array, string, integer, number, boolean, null, absent."""
        kind = kind_of(self.raw)
        if kind in kinds or (kind == "integer" and "number" in kinds):
            return self
        return self._fail(kinds)

    def is_object(self) -> Value:
        return self.is_a("object")

    def is_array(self) -> Value:
        return self.is_a("array")

    def is_string(self, *, empty: bool = True) -> Value:
        self.is_a("string")
        if not empty and not self.raw:
            self._fail("a string that is not empty")
        return self

    def is_integer(self, minimum: int | None = None) -> Value:
        self.is_a("integer")
        if minimum is not None and self.raw < minimum:
            self._fail(f"an integer of at least {minimum}")
        return self

    def is_number(self, minimum: float = -math.inf, maximum: float = math.inf) -> Value:
        self.is_a("number")
        if not minimum <= self.raw <= maximum:
            self._fail(f"a number between {minimum} and {maximum}")
        return self

    def equals(self, wanted: Any) -> Value:
        if self.raw != wanted or kind_of(self.raw) != kind_of(wanted):
            self._fail(json.dumps(wanted, ensure_ascii=False))
        return self

    def one_of(self, *wanted: Any) -> Value:
        if not any(self.raw == w and kind_of(self.raw) == kind_of(w) for w in wanted):
            self._fail([json.dumps(w, ensure_ascii=False) for w in wanted])
        return self

    def matches(self, pattern: str, words: str = "") -> Value:
        self.is_a("string")
        if not re.search(pattern, self.raw):
            self._fail(words or f"text like {pattern}")
        return self

    def absent(self) -> Value:
        if self.present:
            self._fail("absent")
        return self

    def null_or_absent(self) -> Value:
        if self.present and self.raw is not None:
            self._fail(["null", "absent"])
        return self

    def has_length(self, count: int) -> Value:
        if len(self) != count:
            fail(self.path, f"{count} elements", f"{len(self)} elements")
        return self


class Expectation:
    """An exchange under judgement."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    @property
    def response(self) -> Response:
        if self.exchange.response is None:
            failure = self.exchange.failure
            fail("response", "an answer", f"none ({failure.message if failure else 'no response'})")
        return self.exchange.response

    def status(self, *wanted: int) -> Expectation:
        """One of the statuses; a bare hundred stands for its class (``status(4)`` is any 4xx)."""
        status = self.response.status
        if not any(status == w or (w < 10 and status // 100 == w) for w in wanted):
            fail(
                "status",
                [f"{w}xx" if w < 10 else str(w) for w in wanted],
                f"{status} {self.response.text[:200]}",
                exchange=self.exchange,
            )
        return self

    def header(self, name: str) -> Value:
        """A response header as a :class:`Value`, possibly missing."""
        value = self.response.header(name)
        return Value(MISSING if value is None else value, f"header {name.lower()}")

    def media_type(self, *wanted: str) -> Expectation:
        if self.response.media_type not in wanted:
            fail("header content-type", wanted, self.response.header("content-type") or "absent")
        return self

    @property
    def json(self) -> Value:
        """The body as strict JSON."""
        document = self.response.document
        if isinstance(document, JsonError):
            fail("body", "a JSON document", self.response.text[:300], message=str(document))
        return Value(document.value)

    @property
    def error_object(self) -> Value:
        """The ``error`` member of the body, which must be an object."""
        return self.json.is_object()["error"].is_object()

    @property
    def events(self) -> tuple[Event, ...]:
        return self.response.stream.events

    def last_event(self) -> EventExpectation:
        events = self.events
        if not events:
            fail("stream", "at least one event", f"{len(self.response.raw)} bytes without an event")
        return EventExpectation(events[-1], len(events))

    @property
    def chunks(self) -> list[Value]:
        """The JSON payload of each event, each with its number as path."""
        return [
            Value(payload, f"event {number}")
            for number, payload in enumerate(self.response.payloads, start=1)
        ]


class EventExpectation:
    def __init__(self, event: Event, number: int) -> None:
        self.event = event
        self.number = number

    def data(self, *wanted: str) -> EventExpectation:
        if self.event.data not in wanted:
            fail(f"event {self.number}, field data", wanted, self.event.data)
        return self


def expect(exchange: Exchange) -> Expectation:
    """Open an exchange for judgement."""
    return Expectation(exchange)


def choices(exchange: Exchange) -> list[Value]:
    """The choices of a completion, whatever their shape; [] when there are none."""
    body = Value(exchange.json)
    return list(body.get("choices"))


def accepted(exchange: Exchange, statuses: Collection[int] = (2,)) -> None:
    """The exchange was answered with success."""
    expect(exchange).status(*statuses)
