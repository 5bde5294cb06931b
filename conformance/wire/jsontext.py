"""Strict reading of JSON text: the value, and what a careful writer would not have sent.

RFC 8259 is the rule; RFC 7493 (I-JSON) names most of the oddities. Integers stay `int` and numbers
with a fraction or exponent become `float`, so `1700000000` and `1700000000.0` can be told apart.

| kind              | what was seen                                                          |
|-------------------|------------------------------------------------------------------------|
| `bom`             | a byte order mark before the text                                      |
| `duplicate-key`   | an object has a key twice; the last value counts                       |
| `invalid-utf8`    | bytes that are not UTF-8; they became U+FFFD                           |
| `lone-surrogate`  | an escape `\\ud800`..`\\udfff` without its other half                    |
| `nan`             | `NaN`, `Infinity` or `-Infinity`, which are not JSON                   |
| `not-utf8`        | the text is UTF-16 or UTF-32                                           |
| `number-overflow` | a number beyond the range of a double; read as infinity, or as an int  |
| `trailing-bytes`  | something other than white space after the document                    |
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.wire.shown import shown

MAX_DEPTH = 200
"""Levels of nesting that are read; the deepest document of the API has fewer than 20."""

_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_BRACKETS = re.compile(r"[\[\]{}]")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
# Without one of these no number can exceed 1.7e308; digits in strings only cost the hook.
_PERHAPS_HUGE = re.compile(r"[0-9]{300}|[0-9][eE]\+?[0-9]{2}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_INT_DIGITS = 4000  # CPython refuses to convert more than 4300
_MAX_PROBLEMS = 100


class JsonError(ValueError):
    """The text is not JSON, or too deep. `position` is a byte offset, None where unknown."""

    def __init__(self, message: str, position: int | None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True)
class JsonProblem:
    """One oddity of a text that could be read; `position` is a byte offset where known."""

    kind: str
    detail: str
    position: int | None = None


@dataclass(frozen=True)
class JsonDocument:
    """A JSON value, the problems of its text (at most 100 are kept), and its size in bytes."""

    value: Any
    problems: tuple[JsonProblem, ...]
    size: int

    def kinds(self) -> frozenset[str]:
        """The kinds of problems."""
        return frozenset(problem.kind for problem in self.problems)


def read_json(data: bytes, *, max_depth: int = MAX_DEPTH) -> JsonDocument:
    """Read one JSON document.

    Raises:
        JsonError: no document could be read: empty, no JSON, or nested deeper than `max_depth`.
    """
    problems: list[JsonProblem] = []
    text, start = _decode(data, problems)
    # Where bytes were replaced, offsets in the text say nothing about offsets in the data.
    exact = all(problem.kind == "bom" for problem in problems)

    def at(index: int) -> int | None:
        if not exact:
            return None
        return start + len(text[:index].encode("utf-8", "surrogatepass"))

    first = _end_of_white_space(text, 0)
    if first == len(text):
        raise JsonError("the text is empty", start)
    _refuse_depth(text, max_depth)
    try:
        value, end = _decoder(text, problems).raw_decode(text, first)
    except json.JSONDecodeError as error:
        raise JsonError(f"not JSON: {error.msg}", at(error.pos)) from None
    except RecursionError:  # the caller's stack was nearly full
        raise JsonError("nested too deeply for the stack", None) from None
    rest = _end_of_white_space(text, end)
    if rest < len(text):
        detail = f"after the document: {shown(text[rest:])}"
        problems.append(JsonProblem("trailing-bytes", detail, at(rest)))
    if _SURROGATE_ESCAPE.search(text):
        problems.extend(_lone_surrogates(value))
    return JsonDocument(value, tuple(problems[:_MAX_PROBLEMS]), len(data))


def _decode(data: bytes, problems: list[JsonProblem]) -> tuple[str, int]:
    """The text, and the number of bytes before it."""
    encoding = json.detect_encoding(data)
    if encoding not in ("utf-8", "utf-8-sig"):
        detail = f"the text is {encoding.upper()}; JSON is sent as UTF-8"
        problems.append(JsonProblem("not-utf8", detail, 0))
        return data.decode(encoding, "replace"), 0
    start = 0
    if encoding == "utf-8-sig":
        start = len(codecs.BOM_UTF8)
        problems.append(JsonProblem("bom", "the text starts with a byte order mark", 0))
    try:
        return data[start:].decode(), start
    except UnicodeDecodeError as error:
        wrong = data[start + error.start : start + error.end].hex(" ")
        detail = f"bytes {wrong} are not UTF-8"
        problems.append(JsonProblem("invalid-utf8", detail, start + error.start))
        return data[start:].decode("utf-8", "replace"), start


def _end_of_white_space(text: str, index: int) -> int:
    match = _WHITE_SPACE.match(text, index)
    return match.end() if match else index


def _refuse_depth(text: str, max_depth: int) -> None:
    """Raise JsonError for a text nested too deeply; the decoder itself would use up the stack."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > max_depth:
            raise JsonError(f"nested deeper than {max_depth} levels", None)


def _decoder(text: str, problems: list[JsonProblem]) -> json.JSONDecoder:
    """A decoder that notes problems; hooks cost time, so those for numbers only if needed."""

    def note(kind: str, detail: str) -> None:
        if len(problems) < _MAX_PROBLEMS:
            problems.append(JsonProblem(kind, detail))

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    note("duplicate-key", f"key {shown(key)} is given more than once")
                seen.add(key)
        return result

    def constant(name: str) -> float:
        note("nan", f"{name} is not JSON")
        return float(name.replace("Infinity", "inf"))

    def real(digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            note("number-overflow", f"{shown(digits)} is beyond the range of a double")
        return number

    def integer(digits: str) -> float:
        number = real(digits)
        return number if len(digits) > _INT_DIGITS else int(digits)

    huge = _PERHAPS_HUGE.search(text) is not None
    return json.JSONDecoder(
        object_pairs_hook=pairs,
        parse_constant=constant,
        parse_float=real if huge else None,
        parse_int=integer if huge else None,
    )


def _lone_surrogates(value: Any) -> Iterator[JsonProblem]:
    """One problem for each string or key that holds a surrogate, up to the number kept."""
    waiting: list[tuple[str, Any]] = [("$", value)]
    found = 0
    while waiting and found < _MAX_PROBLEMS:
        path, item = waiting.pop()
        if isinstance(item, dict):
            for key, inner in item.items():
                waiting.append((f"{path}.{key!a}"[:200], inner))
                waiting.append((f"a key of {path}", key))
        elif isinstance(item, list):
            waiting.extend((f"{path}[{index}]"[:200], inner) for index, inner in enumerate(item))
        elif isinstance(item, str) and _SURROGATE.search(item):
            found += 1
            yield JsonProblem("lone-surrogate", f"{path}: half of a surrogate pair")
