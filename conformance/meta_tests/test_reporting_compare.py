"""The comparison of two targets: differences by what they break, nothing where they agree."""

from __future__ import annotations

from typing import Any

from conformance.exchange import Exchange
from conformance.meta_tests.support import JSON, made, stream
from conformance.reporting.compare import Weight, compare, render, shape

CHAT = {"id": "a", "created": 1, "choices": [{"finish_reason": "stop"}], "usage": {"tokens": 1}}


def pair(one: Exchange, other: Exchange) -> list[tuple[Weight, str, str, str]]:
    found = compare([one], [other])
    return [(d.weight, d.what, d.a, d.b) for d in found if d.weight is not Weight.LATENCY]


def chat(body: Any, **more: Any) -> Exchange:
    return made(body, probe="chat", sent={}, **more)


def test_equal_answers_differ_in_nothing() -> None:
    assert pair(chat(CHAT), chat(CHAT)) == []


def test_a_refusal_is_told_as_the_sdks_raise_it() -> None:
    refused = chat({"error": {"code": "no_such"}}, status=400)
    assert pair(chat(CHAT), refused) == [
        (Weight.REFUSED, "", "200", "400 no_such (BadRequestError)")
    ]
    broken = chat({}, status=503)
    assert pair(chat(CHAT), broken) == [(Weight.REFUSED, "", "200", "503 (InternalServerError)")]
    odd = chat({}, status=418)
    assert pair(chat(CHAT), odd) == [(Weight.REFUSED, "", "200", "418 (APIStatusError)")]


def test_other_errors_are_told() -> None:
    one, other = chat({"error": {"code": "x"}}, status=404), chat("<html>", status=404)
    assert pair(one, other) == [(Weight.ERROR, "", "404 x (NotFoundError)", "404 (NotFoundError)")]
    assert pair(one, one) == []


def test_missing_retyped_and_additional_fields() -> None:
    other = {**CHAT, "created": "1", "more": None, "extra": {"a": [True]}}
    del other["usage"]
    assert pair(chat(CHAT), chat(other)) == [
        (Weight.SHAPE, "created", "number", "string"),
        (Weight.SHAPE, "usage", "object", "absent; instead extra (object)"),
    ]
    more = {**CHAT, "extra": {"a": [True]}}
    assert pair(chat(CHAT), chat(more)) == [(Weight.EXTRA, "extra", "absent", "object")]


def test_what_stands_there_instead_is_told_beside_what_is_lost() -> None:
    one = {"object": "list", "data": [{"id": "m"}], "usage": {"prompt": 1, "total": 1}}
    other = {"models": [{"id": "m"}], "usage": {"tokens": 1}}
    assert pair(chat(one), chat(other)) == [
        (
            Weight.SHAPE,
            "data, object",
            "data (array), object (string)",
            "absent; instead models (array)",
        ),
        (
            Weight.SHAPE,
            "usage.prompt, usage.total",
            "usage.prompt (number), usage.total (number)",
            "absent; instead usage.tokens (number)",
        ),
    ]


def test_limits_stand_side_by_side_whatever_they_are_called() -> None:
    one = chat(CHAT, headers=(*JSON, ("X-RateLimit-Limit-RPM", "10")))
    other = chat(CHAT, headers=(*JSON, ("x-ratelimit-limit-requests", "500")))
    assert pair(one, other)[0] == (
        Weight.LIMITS,
        "",
        "10 (x-ratelimit-limit-rpm)",
        "500 (x-ratelimit-limit-requests)",
    )


def test_a_null_is_no_other_type() -> None:
    assert pair(chat({"a": None}), chat({"a": "x"})) == []


def test_streams_are_compared_chunk_by_chunk_and_by_their_end() -> None:
    one = stream({"choices": [{"finish_reason": None}]}, {"choices": [{"finish_reason": "stop"}]})
    other = stream({"choices": [{"finish_reason": "length"}]}, 3)
    a, b = (Exchange(**{**_fields(x), "probe": "s"}) for x in (one, other))
    assert (Weight.FINISH, "", "stop", "length") in pair(a, b)


def _fields(x: Exchange) -> dict[str, Any]:
    return {k: v for k, v in vars(x).items() if k in Exchange.__dataclass_fields__}


def test_models_and_headers() -> None:
    one = made({"data": [{"id": "m"}]}, probe="models", method="GET", endpoint="/models")
    other = made(
        {"models": [{"id": "n"}, 3]},
        probe="models",
        method="GET",
        endpoint="/models",
        headers=(*JSON, ("X-Extra", "1")),
    )
    found = pair(one, other)
    assert (Weight.MODELS, "", "m", "n") in found
    assert (Weight.HEADERS, "", "absent", "1") in found
    assert (Weight.MODELS, "", "m", "none") in pair(
        one, made("x", probe="models", method="GET", endpoint="/models")
    )


def test_steps_and_other_drivers_are_left_out() -> None:
    step = made(CHAT, probe="chat", step="one")
    assert compare([step], [step]) == ()


def test_shape_names_every_path() -> None:
    assert shape({"a": [{"b": 1.5}], "c": True}) == {
        "body": "object",
        "a": "array",
        "a[]": "object",
        "a[].b": "number",
        "c": "boolean",
    }


def test_the_page() -> None:
    refused = chat({"error": {"code": "a|b\x1b"}}, status=400)
    page = render(("one", "two"), compare([chat(CHAT)], [refused]))
    assert page.startswith("# Moving from one to two\n\n1 difference can break a client")
    assert "a\\|b" in page
    assert "\x1b" not in page
    assert "No difference" in render(("one", "two"), ())
    shaped = render(("one", "two"), compare([chat(CHAT)], [chat({**CHAT, "id": 3})]))
    assert "`id`" in shaped
    assert "lost in silence" in shaped
    assert "## Latency" in shaped
