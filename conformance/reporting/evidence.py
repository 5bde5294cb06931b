"""An exchange as a page shows it: headers and bytes, capped, with their true length."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from conformance.exchange import ClientView, Exchange, Headers
from conformance.reporting import text
from conformance.reporting.timeline import Timeline, timeline

BODY = 4096
"""Bytes of a body that are shown at most."""

HEADERS, VALUE = 60, 600
"""Header lines, and characters of one value, that are shown at most."""


@dataclass(frozen=True)
class Excerpt:
    """``text`` may hold line breaks and tabs, nothing else that acts."""

    text: str
    note: str


@dataclass(frozen=True)
class Evidence:
    """One exchange, ready to be shown; everything in it is escaped for control characters."""

    id: str
    title: str
    line: str
    sent_line: str
    sent_headers: Headers
    sent_body: Excerpt
    got_line: str
    got_headers: Headers
    got_body: Excerpt
    failure: str
    remarks: tuple[str, ...]
    timeline: Timeline | None
    client: tuple[tuple[str, str], ...]


def evidence(x: Exchange, at: str = "", body: int = BODY) -> Evidence:
    """``x`` for a page; ``at``: where a result points to; ``body``: how much of one is shown."""
    response = x.response
    name = text.short(x.id, 40)
    got = "no response"
    if response is not None:
        version = response.http_version or "HTTP"
        got = text.short(f"{version} {response.status} {response.reason}".rstrip(), 120)
    return Evidence(
        id=name,
        title=f"Exchange {name}",
        line=text.short(str(x), 200),
        sent_line=text.short(f"{x.request.method} {x.request.url}", 400),
        sent_headers=_headers(x.request.headers),
        sent_body=excerpt(x.request.body, body),
        got_line=got,
        got_headers=_headers(response.headers) if response else (),
        got_body=_response_body(x, body),
        failure=text.short(f"{x.failure.kind}: {x.failure.message}") if x.failure else "",
        remarks=_remarks(x),
        timeline=timeline(x, at),
        client=_client(x.client) if x.client else (),
    )


def excerpt(data: bytes, limit: int = BODY) -> Excerpt:
    """The beginning of a body, and what a reader must know about it."""
    if not data:
        return Excerpt("", "empty")
    head = data[:limit]
    note = text.size(len(data))
    if len(data) > limit:
        note = f"{note} ({len(data)} bytes), the first {limit} shown"
    if _binary(head):
        return Excerpt(head[:512].hex(" "), f"{note}, binary, the first 512 at most in hex")
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    words = decoder.decode(head, final=len(data) <= limit)
    return Excerpt(text.plain(words, keep="\n\t"), note)


def _binary(head: bytes) -> bool:
    words = head.decode("utf-8", "replace")
    odd = sum(c == "�" or (c < " " and c not in "\r\n\t") for c in words)
    return odd > max(len(words) // 4, 8)


def _response_body(x: Exchange, limit: int) -> Excerpt:
    response = x.response
    if response is None:
        return Excerpt("", "none")
    body, problem = response.decoded
    made = excerpt(body, limit)
    encoding = response.header("content-encoding")
    note = made.note
    if problem:
        note = f"{note}, as sent: {text.short(problem)}"
    elif encoding and body is not response.raw:
        note = f"{note}, {text.size(len(response.raw))} on the wire as {text.short(encoding, 40)}"
    return Excerpt(made.text, note)


def _headers(headers: Headers) -> Headers:
    shown = [(text.short(k, 120), text.short(v, VALUE)) for k, v in headers[:HEADERS]]
    if len(headers) > HEADERS:
        shown.append(("…", f"{len(headers) - HEADERS} more headers"))
    return tuple(shown)


def _remarks(x: Exchange) -> tuple[str, ...]:
    said = []
    if x.attempt > 1:
        said.append(f"attempt {x.attempt}")
    if x.superseded:
        said.append("tried again afterwards; this attempt was not judged")
    if x.response is not None and not x.response.complete:
        said.append("the body broke off")
    if x.probe:
        step = f", step {x.step}" if x.step else ""
        said.append(text.short(f"probe {x.probe}{step}, driver {x.driver}"))
    return tuple(said)


def _client(view: ClientView) -> tuple[tuple[str, str], ...]:
    rows = [
        ("client", text.short(view.client)),
        ("call", text.short(view.call)),
        ("outcome", text.short(view.outcome)),
    ]
    if view.error is not None:
        rows.append(("error", text.value(view.error, 800)))
    if view.value is not None:
        rows.append(("value", text.value(view.value, 800)))
    return tuple(rows)
