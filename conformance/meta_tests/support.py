"""Small things that the meta tests share: exchanges made by hand, tiny servers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from conformance.exchange import Chunk, Exchange, Failure, Request, Response

JSON = (("content-type", "application/json"),)


def made(
    body: Any = None,
    *,
    status: int = 200,
    sent: Any = None,
    endpoint: str = "/chat/completions",
    method: str = "POST",
    headers: Sequence[tuple[str, str]] = JSON,
    id: str = "x1",
    probe: str = "",
    failure: Failure | None = None,
    response: bool = True,
    **more: Any,
) -> Exchange:
    """An exchange with a JSON (or bytes, or str) body."""
    if isinstance(body, bytes):
        raw = body
    elif isinstance(body, str):
        raw = body.encode()
    else:
        raw = b"" if body is None else json.dumps(body).encode()
    request = Request(
        method,
        "http://t.invalid/v1" + endpoint,
        (("content-type", "application/json"),),
        b"" if sent is None else json.dumps(sent).encode(),
    )
    answer = Response(
        status, "", "HTTP/1.1", tuple(headers), (Chunk(0.1, raw),) if raw else (), 0.05, 0.1
    )
    return Exchange(
        id,
        request,
        answer if response else None,
        failure,
        probe=probe,
        endpoint=endpoint,
        started=1_760_000_000.0,
        duration=0.1,
        **more,
    )


def stream(*payloads: Any, done: bool = True, **more: Any) -> Exchange:
    """A chat stream with these payloads."""
    text = "".join(f"data: {json.dumps(p)}\n\n" for p in payloads)
    if done:
        text += "data: [DONE]\n\n"
    return made(
        text, sent={"stream": True}, headers=(("content-type", "text/event-stream"),), **more
    )
