"""HTTP/2, where the server offers it: the same answers as over HTTP/1.1."""

from __future__ import annotations

from conformance.cases.test_http import _answer, _status
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, expect, fail, require
from conformance.requirement import MUST, field, requirement, rfc

CLIENTS = [
    "curl, Go, .NET, Java, browsers: they take HTTP/2 wherever it is offered",
    "httpx and httpx2 with http2=True, undici with allowH2",
]


def _over_two(steps: Steps, step: str) -> Exchange:
    """A step that was sent over HTTP/2, as far as an answer shows it."""
    first = _answer(steps.get("first"))
    if first.response is not None and first.response.http_version != "HTTP/2":
        raise NotApplicable("HTTP/2 is not offered: the server chose HTTP/1.1")
    return _answer(steps.get(step))


def _heard(steps: Steps, step: str) -> Exchange:
    """A step over HTTP/2 that was answered. Raises NotApplicable."""
    found = _over_two(steps, step)
    if found.response is None:
        raise NotApplicable("http.two.answered says so")
    return found


@requirement(
    "http.two.answered",
    MUST,
    "Where HTTP/2 is offered, every request over it is answered, one after the other.",
    source=rfc(9113, "8.2.2"),
    needs="chat.stream",
    any_status=True,
    breaks=CLIENTS,
)
def test_answered(http_two: Steps) -> None:
    for step in ("first", "error", "stream", "last"):
        x = _over_two(http_two, step)
        if x.response is None:
            fail(f"answer to {step}", "an answer over HTTP/2", _status(x), exchange=x)


@requirement(
    "http.two.statuses",
    MUST,
    "Over HTTP/2 a request is served, and a wrong one refused, as over HTTP/1.1.",
    source=rfc(9113, "8"),
    needs="chat.stream",
    any_status=True,
    breaks=CLIENTS,
)
def test_statuses(http_two: Steps) -> None:
    for step, wanted in (("first", 2), ("error", 4), ("last", 2)):
        x = _heard(http_two, step)
        require(x.status // 100 == wanted, f"status of {step}", f"{wanted}xx", _status(x))


@requirement(
    "http.two.stream",
    MUST,
    "Over HTTP/2 a stream of a completion comes to its end.",
    source=field("https://github.com/vercel/ai/issues/10830"),
    needs="chat.stream",
    any_status=True,
    breaks=["browsers: ERR_HTTP2_PROTOCOL_ERROR when the stream closes", *CLIENTS],
)
def test_stream(http_two: Steps) -> None:
    x = _heard(http_two, "stream")
    assert x.response is not None
    expect(x).status(2).media_type("text/event-stream")
    if x.failure is not None:
        fail("stream", "its end", f"{x.failure.message} after {len(x.response.raw)} bytes",
             exchange=x)  # fmt: skip
    expect(x).last_event().data("[DONE]")


@requirement(
    "http.two.together",
    MUST,
    "Requests at once on one HTTP/2 connection are all answered, each by an answer of its own.",
    source=rfc(9113, "5"),
    needs="chat.stream",
    any_status=True,
    breaks=["programs that work in parallel: all their requests share one connection"],
)
def test_together(http_two: Steps) -> None:
    _heard(http_two, "first")
    found = [_answer(x) for x in http_two.all("together")]
    if not found:
        raise NotApplicable("nothing was sent at once")
    seen: dict[str, Exchange] = {}
    for x in found:
        if x.response is None:
            fail("answer", "one to each request", _status(x), exchange=x)
        expect(x).status(2)
        id = x.json.get("id") if isinstance(x.json, dict) else None
        if isinstance(id, str) and id in seen:
            fail("id", "another for each request", id, exchange=x)
        if isinstance(id, str):
            seen[id] = x
