"""Two hand-made runs that every renderer is tested with, and what :func:`build` makes of them."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

from conformance.exchange import Chunk, ClientView, Exchange, Failure, Request, Response
from conformance.reporting.report import Report, build
from conformance.results import Observation, Outcome, Result, Run

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
    "\x1b[31mred\x1b]8;;http://evil.example\x07\x00\u202egnp\ud800 ]]> `|*_@everyone "
    "\r\n::error::injected\n## <b>bold</b>"
)
HEADER = {
    "suite": "openai-conformance",
    "version": "0.1.0",
    "catalogue": "0123456789ab",
    "documents": "openai-openapi 2.3.0",
    "target": "http://127.0.0.1:8000/v1",
    "base_url": "http://127.0.0.1:8000/v1",
    "profile": "openai",
    "models": {"chat": "gpt-4o-mini"},
    "drivers": {"http": "httpx 0.28.1", "python-sdk": "openai 3.51.0"},
    "tier": "standard",
    "level": "must",
    "seed": 0,
    "started": "2026-05-01T12:00:00+00:00",
}


def exchange(
    id: str,
    body: bytes = b"{}",
    *,
    request: bytes = b'{"model":"gpt-4o-mini"}',
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),),
    path: str = "/chat/completions",
    duration: float = 0.25,
    **more: object,
) -> Exchange:
    response = Response(
        status, "OK", "HTTP/1.1", headers, (Chunk(duration, body),), duration / 2, duration
    )
    sent = (("authorization", "Bearer <api>"), ("content-type", "application/json"))
    wanted = Request("POST", f"http://127.0.0.1:8000/v1{path}", sent, request)
    return replace(
        Exchange(id, wanted, response, endpoint=path, duration=duration, probe="chat"),
        **more,  # type: ignore[arg-type]
    )


def stream(id: str, times: tuple[float, ...], **more: object) -> Exchange:
    """An event stream with one event at each time."""
    chunks = tuple(
        Chunk(at, b'data: {"n":%d,"choices":[{"delta":{"content":"gr\xc3\xbc\xc3\x9f"}}]}\n\n' % n)
        for n, at in enumerate(times)
    )
    end = times[-1] if times else 0.1
    response = Response(
        200, "OK", "HTTP/1.1", (("content-type", "text/event-stream"),), chunks, 0.05, end
    )
    made = exchange(id, request=b'{"model":"m","stream":true}', duration=end)
    return replace(made, response=response, **more)  # type: ignore[arg-type]


def result(id: str, outcome: Outcome, **more: object) -> Result:
    seen = {
        Outcome.PASSED: Observation.HELD,
        Outcome.INCONCLUSIVE: Observation.INCONCLUSIVE,
        Outcome.ERROR: Observation.ERROR,
        Outcome.UNSUPPORTED: Observation.NOT_RUN,
        Outcome.SKIPPED: Observation.NOT_RUN,
    }.get(outcome, Observation.VIOLATED)
    made = Result(
        id,
        "MUST",
        "http",
        seen,
        outcome,
        text=f"The sentence of {id}.",
        source="openai chat/create",
        source_url="https://platform.openai.com/docs/api-reference/chat",
        duration_s=0.001,
        judged=1,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def footer(run: Run, exit: int, **more: object) -> Run:
    counts = {k: v for k, v in run.counts().items() if v}
    base = {"counts": counts, "requests": 6, "tokens": 321, "cost": None, "seconds": 2.5}
    return replace(run, footer={**base, "capabilities": {}, "vacuous": [], "exit": exit, **more})


def passing() -> Report:
    """Everything held."""
    results = (
        result("chat.object", Outcome.PASSED, exchanges=("x1",)),
        result("chat.object", Outcome.PASSED, driver="python-sdk", exchanges=("x2",)),
        result("chat.stream.terminator", Outcome.PASSED, exchanges=("x3",)),
        result("models.list", Outcome.PASSED, level="SHOULD"),
        result("models.owner", Outcome.PASSED, level="MAY"),
    )
    claims = (
        {"id": "A", "verdict": "upheld", "sentence": "It speaks OpenAI.", "reason": "3 of 3"},
    )
    run = footer(
        Run(HEADER, results, claims), 0, cost=0.0123, capabilities={"chat": "works"}, requests=3
    )
    times = (0.1, 0.2, 0.3)
    return build(run, [exchange("x1"), exchange("x2", driver="python-sdk"), stream("x3", times)])


def broken() -> Report:
    """Every outcome and owner, and a target that puts something evil everywhere."""
    run = footer(
        Run({**HEADER, "target": f"evil {HOSTILE}"}, BROKEN, CLAIMS),
        1,
        requests=12,
        capabilities={"chat": "works", "chat.tools": "ignored", HOSTILE: HOSTILE},
    )
    return build(run, BROKEN_EXCHANGES)


def cut_off() -> Report:
    """No footer: the process was killed."""
    report = broken()
    return build(replace(report.run, footer=None), list(report.exchanges.values()))


DONE = '{"id":"chatcmpl-9","choices":[],"usage":{"total_tokens":17}}'
CURL = (
    'curl -sS -N "$BASE_URL/chat/completions" -H "Authorization: Bearer $API_KEY" '
    """-d '{"model":"gpt-4o-mini","stream":true}'"""
)
BROKEN: tuple[Result, ...] = (
    result(
        "chat.stream.terminator",
        Outcome.FAILED,
        text="A stream that ends normally is closed by the event `data: [DONE]`.",
        source="openai chat/streaming",
        at="event 14, field data",
        expected=("[DONE]",),
        actual=DONE,
        owner="server",
        exchanges=("x3", "x1"),
        exchange="POST /chat/completions, 200, 1.21 s, 14 events, 2900 bytes",
        again=CURL,
        breaks=("openai-python: waits for ever", "clients that read until [DONE] hang"),
        violated=1,
    ),
    result(
        "chat.stream.terminator",
        Outcome.FAILED,
        driver="python-sdk",
        text="A stream that ends normally is closed by the event `data: [DONE]`.",
        at="event 99",
        expected=("[DONE]",),
        owner="server",
        exchanges=("x3",),
        exchange="POST /chat/completions",
        breaks=("openai-python: waits for ever",),
        violated=1,
    ),
    result(
        "errors.hostile",
        Outcome.FAILED,
        message=HOSTILE,
        at=HOSTILE,
        expected=(HOSTILE, "a string", "null"),
        actual={"error": HOSTILE},
        owner="server",
        exchanges=("x4", "gone"),
        exchange=HOSTILE,
        again=f"curl {HOSTILE}",
        breaks=(f"openai-node helper: {HOSTILE}", "LangChain: drops tools"),
        source_url="javascript:alert(1)",
        judged=41,
        violated=3,
    ),
    result("errors.list", Outcome.FAILED, observation=Observation.HELD, reason="issue 12"),
    result("chat.long", Outcome.WARNED, level="SHOULD", expected=("short",), actual="ä" * 5000),
    result(
        "chat.capped",
        Outcome.WARNED,
        level="SHOULD",
        expected=("gpt-4o-mini-2024-07-18",),
        actual="gpt-4o-mini",
        at="model",
        exchanges=("x5",),
        breaks=("openai-python: waits for ever",),
    ),
    result("chat.note", Outcome.NOTED, level="MAY", message="not there", actual=None),
    result("chat.known", Outcome.KNOWN, reason="https://example.com/12", expected=("1",), actual=2),
    result("chat.model", Outcome.INCONCLUSIVE, message="no tool call", owner="model"),
    result("chat.quota", Outcome.INCONCLUSIVE, message="chat was answered 429", owner="quota"),
    result("chat.quota", Outcome.PASSED, driver="python-sdk", exchanges=("x2",)),
    result(
        "files.net", Outcome.ERROR, message="read timed out", owner="network", exchanges=("x6",)
    ),
    result("files.crash", Outcome.ERROR, message="the case broke: KeyError: 'x'", owner="suite"),
    result("files.none", Outcome.UNSUPPORTED, message="Files: absent", owner="server"),
    result("files.skip", Outcome.SKIPPED, message="no `keys.second` is configured", owner="suite"),
    result("files.skip", Outcome.PASSED, driver="python-sdk"),
    result("files.bare", Outcome.SKIPPED, source="", source_url="", text=""),
    result("models.list", Outcome.PASSED, source_url="https://example.com/a?b=1#c"),
)
CLAIMS = (
    {"id": "T", "verdict": "upheld", "sentence": "Tools work.", "requirements": ["models.list"]},
    {
        "id": "S",
        "verdict": "broken",
        "sentence": HOSTILE,
        "reason": HOSTILE,
        "where": HOSTILE,
        "remark": HOSTILE,
        "requirements": [f"chat.r{n}" for n in range(9)],
    },
    {"id": "X", "verdict": HOSTILE, "sentence": "?"},
    {"id": "U", "verdict": "not claimed and silently ignored", "sentence": "n"},
)
BROKEN_EXCHANGES = [
    exchange("x1", status=429, superseded=True),
    exchange("x2", attempt=2, path="/embeddings", duration=0.004),
    stream(
        "x3",
        (0.1,) * 5 + (0.11, 0.15, 0.2) + (0.9,) * 6,
        client=ClientView("openai 3.51", "chat", "raised", [1], {"class": ["TypeError"]}),
        step="second",
    ),
    exchange(
        "x4",
        json.dumps({"error": HOSTILE}).encode("utf-8", "surrogatepass"),
        request=b"\x00\xff\xfe" * 40,
        headers=(*((f"x-{n}", HOSTILE) for n in range(70)), ("content-type", "text/html")),
        path=f"/{HOSTILE}",
    ),
    exchange("x5", gzip.compress(b"x" * 9000), headers=(("content-encoding", "gzip"),)),
    replace(
        exchange("x6"), response=None, failure=Failure("timeout", "60 s"), client=None, probe=""
    ),
    replace(
        exchange("x7", b"", headers=(("content-encoding", "br"),)),
        client=ClientView("node", "chat", "returned"),
    ),
]


def test_counts() -> None:
    report = broken()
    assert len(Outcome) == len(report.counts)
    assert {
        "server",
        "model",
        "quota",
        "network",
        "suite",
    } <= {r.owner for r in report.run.results}


def test_areas_are_worst_first() -> None:
    assert sorted(a.name for a in broken().areas) == ["chat", "errors", "files", "models"]
    assert [a.name for a in broken().areas] == ["errors", "chat", "files", "models"]


def test_a_skip_never_undoes_and_never_makes_a_pass() -> None:
    items = {item.id: item.outcome for area in broken().areas for item in area.items}
    assert Outcome.PASSED is items["files.skip"]
    assert Outcome.INCONCLUSIVE is items["chat.quota"]


def test_score_adds_up() -> None:
    must = broken().must
    parts = must.held + must.violated + must.undecided + must.absent + must.broken
    assert must.total == parts
    assert must.judged == must.held + must.violated


def test_what_was_tried_again_is_counted() -> None:
    spent = broken().spent
    assert (spent.retried, spent.throttled) == (1, 1)
