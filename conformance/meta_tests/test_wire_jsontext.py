"""Strict reading of JSON text."""

from __future__ import annotations

import json
import math
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.wire.jsontext import JsonError, JsonProblem, read_json

quick = settings(derandomize=True, deadline=None, max_examples=150, database=None)


def test_an_ordinary_document() -> None:
    document = read_json(b' {"a": [1, 2.5, null, true, "\\u00e4\xe4\xbd\xa0"]}\r\n')
    assert document.value == {"a": [1, 2.5, None, True, "ä你"]}
    assert document.problems == ()
    assert document.size == 43


@pytest.mark.parametrize("text", [b"1.7e9", b"1700000000.0", b"17e8"])
def test_a_float_that_is_whole_stays_a_float(text: bytes) -> None:
    assert isinstance(read_json(text).value, float)
    assert isinstance(read_json(b"1700000000").value, int)


@pytest.mark.parametrize(
    ("data", "kind", "position", "value"),
    [
        (b"\xef\xbb\xbf[1]", "bom", 0, [1]),
        (b'{"a": 1, "b": 0, "a": 2}', "duplicate-key", None, {"a": 2, "b": 0}),
        (b'["a\xff"]', "invalid-utf8", 3, ["a\ufffd"]),
        (b'["\xed\xa0\x80"]', "invalid-utf8", 2, ["\ufffd\ufffd\ufffd"]),
        (b'["\\ud83d"]', "lone-surrogate", None, ["\ud83d"]),
        (b'{"\\udc00": 1}', "lone-surrogate", None, {"\udc00": 1}),
        (b"[-Infinity]", "nan", None, [-math.inf]),
        (b"Infinity", "nan", None, math.inf),
        ("[1]".encode("utf-16"), "not-utf8", 0, [1]),
        ("[1]".encode("utf-16-be"), "not-utf8", 0, [1]),
        (b"[1e400]", "number-overflow", None, [math.inf]),
        (b"[-1.5E+999]", "number-overflow", None, [-math.inf]),
        (b"1" + b"0" * 400, "number-overflow", None, 10**400),
        (b"-" + b"9" * 5000, "number-overflow", None, -math.inf),
        (b"1" * 305 + b".5e9", "number-overflow", None, math.inf),
        (b'{"a": 1}\n{"b": 2}', "trailing-bytes", 9, {"a": 1}),
        (b'"\xc3\xa4" x', "trailing-bytes", 5, "ä"),
        (b"\xef\xbb\xbf1 x", "trailing-bytes", 5, 1),
        (b"01", "trailing-bytes", 1, 0),
    ],
)
def test_a_problem(data: bytes, kind: str, position: int | None, value: object) -> None:
    document = read_json(data)
    assert document.value == value
    assert document.kinds() - {"bom"} <= {kind}
    (problem,) = [problem for problem in document.problems if problem.kind == kind]
    assert problem.position == position
    assert problem.detail.isprintable()


def test_nan() -> None:
    document = read_json(b"NaN")
    assert math.isnan(document.value)
    assert document.problems == (JsonProblem("nan", "NaN is not JSON"),)


def test_a_place_is_unknown_where_bytes_were_replaced() -> None:
    document = read_json(b'"\xff" x')
    assert [(one.kind, one.position) for one in document.problems] == [
        ("invalid-utf8", 1),
        ("trailing-bytes", None),
    ]


def test_a_whole_surrogate_pair_is_no_problem() -> None:
    document = read_json(b'["\\ud83d\\ude00", {"a": ["\\\\ud83d"]}, 1]')
    assert document.problems == ()


def test_where_a_lone_surrogate_is() -> None:
    (problem,) = read_json(b'{"a": [0, "\\ud83d"]}').problems
    assert problem.detail == "$.'a'[1]: half of a surrogate pair"


def test_numbers_within_range_are_no_problem() -> None:
    assert read_json(b'[1e308, "e400", 1e30, 12345678901234567890]').problems == ()
    assert read_json(b"1e30").value == 1e30
    assert read_json(b"[1e30, 7]").value == [1e30, 7]


@pytest.mark.parametrize(
    ("data", "message", "position"),
    [
        (b"", "empty", 0),
        (b" \n", "empty", 0),
        (b"\xef\xbb\xbf", "empty", 3),
        (b"<html>", "Expecting value", 0),
        (b'"\xc3\xa4', "Unterminated", 0),
        (b'["\xc3\xa4" x', "delimiter", 6),
        (b'"a\nb"', "control character", 2),
        (b"{'a': 1}", "property name", 1),
        (b"\xff[", "Expecting value", None),
        (b"data: {}", "Expecting value", 0),
    ],
)
def test_not_json(data: bytes, message: str, position: int | None) -> None:
    with pytest.raises(JsonError, match=message) as caught:
        read_json(data)
    assert caught.value.position == position
    assert caught.value.message == str(caught.value)


@pytest.mark.parametrize("data", [b"[" * 300, b'{"a":' * 300, b"[" * 201 + b"]" * 201])
def test_too_deep(data: bytes) -> None:
    with pytest.raises(JsonError, match="deeper than 200"):
        read_json(data)


def test_deep_enough() -> None:
    assert read_json(b"[" * 200 + b"]" * 200).problems == ()
    assert read_json(b"[" + b"[],{}," * 300 + b'"[[[\\"[["]').value[-1] == '[[["[['
    with pytest.raises(JsonError, match="Unterminated"):
        read_json(b'["' + b"[" * 300 + b"\\")


def test_a_stack_that_is_nearly_full() -> None:
    limit = sys.getrecursionlimit()
    with pytest.raises(JsonError, match="deep"):
        read_json(b"[" * (limit * 50) + b"]" * (limit * 50), max_depth=limit * 100)


def test_hostile_documents_are_read_in_linear_time() -> None:
    began = time.process_time()
    for data in (b'"' + b'\\"' * 300_000, b"[" + b'"[",' * 100_000, b"9" * 1_000_000):
        try:
            read_json(data)
        except JsonError:
            continue
    assert time.process_time() - began < 5  # quadratic time would be minutes


def test_problems_are_limited() -> None:
    document = read_json(b"[" + b'{"a": 1, "a": 1}, NaN, "\\ud800", ' * 500 + b"1]")
    assert len(document.problems) == 100


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@quick
@given(values, st.booleans())
def test_what_python_writes_is_read_back(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    document = read_json(text)
    if not document.problems:
        assert document.value == value
    assert document.kinds() <= {"lone-surrogate", "invalid-utf8"}


@quick
@given(
    st.binary(max_size=40) | st.text(alphabet='{}[]":,0123e\\udD8 aN', max_size=20).map(str.encode)
)
def test_any_bytes_give_a_document_or_an_error(data: bytes) -> None:
    place: int | None = None
    try:
        place = max((one.position or 0 for one in read_json(data).problems), default=0)
    except JsonError as error:
        place = error.position
    assert place is None or 0 <= place <= len(data)
