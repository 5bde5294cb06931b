"""Servers that misbehave: each behaviour answers every request in its own bad way."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

Write = asyncio.StreamWriter
Behaviour = Callable[[Write, bytes], Awaitable[None]]

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'--></style>"
ESCAPES = "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2J\x08\x9b1A\u202e"
LONG = 3_000_000
CAP = 40
"""Seconds after which a behaviour gives up by itself."""

BEHAVIOURS: dict[str, Behaviour] = {}


def _add(name: str, behaviour: Behaviour) -> None:
    BEHAVIOURS[name.replace(" ", "-")] = behaviour


def behaves(function: Behaviour) -> Behaviour:
    """Register a behaviour under its name."""
    _add(function.__name__.replace("_", "-"), function)
    return function


def head(status: str = "200 OK", *lines: str, kind: str = "application/json") -> bytes:
    """A status line with headers and the blank line."""
    rows = [f"HTTP/1.1 {status}", f"content-type: {kind}", *lines, "", ""]
    return "\r\n".join(rows).encode("latin-1")


def whole(
    body: bytes, *lines: str, status: str = "200 OK", kind: str = "application/json"
) -> bytes:
    """A complete answer."""
    return head(status, f"content-length: {len(body)}", *lines, kind=kind) + body


def answers(name: str, *parts: bytes) -> None:
    """A behaviour that writes fixed bytes and closes."""

    async def run(w: Write, request: bytes) -> None:
        for part in parts:
            w.write(part)
        await w.drain()

    _add(name, run)


def completion(text: Any = "hi", **more: Any) -> dict[str, Any]:
    """A chat completion that is right but for what is put into it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        **more,
    }


def everywhere(value: str) -> dict[str, Any]:
    """A completion with a text in every string, keys too."""
    plain = completion(value, id=value, object=value, model=value, system_fingerprint=value)
    call = {"id": value, "type": value, "function": {"name": value, "arguments": value}}
    plain["choices"][0]["message"]["tool_calls"] = [call]
    plain["choices"][0]["finish_reason"] = value
    return {**plain, value: value}


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


GOOD = dumped(completion())
SSE = "text/event-stream"

# nothing, or too little
answers("nothing")
answers("only a newline", b"\r\n")
answers("half a status line", b"HTTP/1.1 20")
answers("headers without end", b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
answers("no body", head("200 OK", "content-length: 50"))
answers("empty body", whole(b""))
answers("too short", head("200 OK", f"content-length: {len(GOOD) + 100}") + GOOD)
answers("too long", head("200 OK", f"content-length: {len(GOOD) - 10}") + GOOD)
answers("half a chunk", head("200 OK", "transfer-encoding: chunked") + b"ffff\r\n{}")
answers("chunks without end", head("200 OK", "transfer-encoding: chunked") + b"2\r\n{}\r\n")
answers(
    "broken chunk size", head("200 OK", "transfer-encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n"
)
answers("huge chunk size", head("200 OK", "transfer-encoding: chunked") + b"f" * 15 + b"\r\n{}")
answers("both lengths", whole(GOOD, "transfer-encoding: chunked"))
answers("two lengths", head("200 OK", "content-length: 5", "content-length: 9") + GOOD)
answers("negative length", head("200 OK", "content-length: -5") + GOOD)
answers("huge length", head("200 OK", "content-length: " + "9" * 30) + GOOD)
answers("not HTTP", b"SSH-2.0-OpenSSH_9.6\r\n")
answers("TLS garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)))
answers("HTTP 0.9", GOOD)
answers("unknown version", b"HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\n{}")
answers("status 999", whole(GOOD, status="999 Odd"))
answers("status 0", whole(GOOD, status="000 Odd"))
answers("status words", b"HTTP/1.1 OK fine\r\n\r\n")
answers("101 upgrade", head("101 Switching Protocols", "upgrade: websocket"))
answers("204 with body", head("204 No Content") + GOOD)

# odd headers
answers("a thousand headers", whole(GOOD, *(f"x-h-{n}: {n}" for n in range(1000))))
answers("a header of 10 MB", whole(GOOD, "x-big: " + "v" * 10_000_000))
answers("binary headers", b"HTTP/1.1 200 OK\r\n\xff\xfe: \x00\r\ncontent-length: 2\r\n\r\n{}")
answers("escapes in headers", whole(GOOD, "x-request-id: \x1b[31mred"))
answers("markup in headers", whole(GOOD, "x-request-id: " + MARKUP, kind="text/html" + MARKUP))
answers("folded headers", whole(GOOD, "x-a: 1\r\n  2"))
answers("clock in the past", whole(GOOD, "date: Thu, 01 Jan 1970 00:00:00 GMT", "age: -1"))
answers("limits of another world", whole(
    GOOD, "x-ratelimit-limit-requests: 1e400", "x-ratelimit-remaining-requests: -NaN",
    "x-ratelimit-reset-requests: " + "9" * 5000 + "h"))  # fmt: skip
answers("retry for ever", whole(b"{}", "retry-after: 99999999999999", status="429 Slow"))
answers("retry at once", whole(b"{}", "retry-after: 0", status="429 Slow"))
answers("retry after nonsense", whole(b"{}", "retry-after: \x00soon", status="429 Slow"))

# redirects
answers("redirect loop", head("307 Go", "location: /v1/models", "content-length: 0"))
answers(
    "redirect to another host", head("308 Go", "location: http://192.0.2.1/", "content-length: 0")
)
answers("redirect to a file", head("302 Go", "location: file:///etc/passwd", "content-length: 0"))
answers("redirect to nowhere", head("301 Go", "location: http://[::bad", "content-length: 0"))

# encodings
answers("gzip bomb", whole(gzip.compress(b"\0" * 80_000_000, 9), "content-encoding: gzip"))
answers("broken gzip", whole(gzip.compress(GOOD)[:-12], "content-encoding: gzip"))
answers("no gzip", whole(GOOD, "content-encoding: gzip"))
answers("unknown encoding", whole(GOOD, "content-encoding: x-secret, br, zstd"))
answers("invalid UTF-8", whole(b'{"id": "\xff\xfe\x80", "object": "\xc0\xaf"}'))
answers("UTF-16", whole(GOOD.decode().encode("utf-16")))
answers("only NUL", whole(b"\0" * 5000))
answers("unknown charset", whole(GOOD, kind="application/json; charset=no-such"))

# JSON
answers("100,000 deep", whole(b"[" * 100_000 + b"]" * 100_000))
answers("objects 50,000 deep", whole(b'{"a":' * 50_000 + b"1" + b"}" * 50_000))
answers("duplicate keys", whole(b'{"id":"a","id":"b","choices":[],"choices":null}'))
answers("NaN", whole(b'{"id":NaN,"created":Infinity,"usage":{"total_tokens":-Infinity}}'))
answers("1e400", whole(GOOD.replace(b"1760000000", b"1e400")))
answers("huge integers", whole(GOOD.replace(b"1760000000", b"9" * 10_000)))
answers(
    "huge token counts", whole(GOOD.replace(b'"total_tokens": 2', b'"total_tokens": ' + b"9" * 40))
)
answers("surrogates", whole(dumped(everywhere("\ud800\udfff\udc00"))))
answers("NUL in strings", whole(dumped(everywhere("a\0b"))))
answers("markup in every string", whole(dumped(everywhere(MARKUP))))
answers("escapes in every string", whole(dumped(everywhere(ESCAPES))))
answers("a long string", whole(dumped(completion("x" * LONG))))
answers("many choices", whole(dumped({**completion(), "choices": completion()["choices"] * 4000})))
answers("null everywhere", whole(dumped(dict.fromkeys(completion()))))
answers("lists for objects", whole(dumped({"choices": {"0": []}, "usage": [1], "data": "x"})))
answers("an error of lists", whole(dumped({"error": [[["x"]]]}), status="400 Bad"))
answers("an error of markup", whole(
    dumped({"error": {"message": MARKUP + ESCAPES, "type": MARKUP, "code": ESCAPES}}),
    status="500 " + "Bad"))  # fmt: skip
answers(
    "an error page", whole(f"<html>{MARKUP}</html>".encode(), status="502 Bad", kind="text/html")
)
answers("numbers as text", whole(dumped(completion(5, id=7, created="x", model=[1], usage="2"))))

# streams
answers("events without newline", head(kind=SSE) + b"data: " + b"x" * 100_000)
answers("an endless line", head(kind=SSE) + b"data: " + b"x" * LONG)
answers("many empty events", head(kind=SSE) + b"data:\n\n" * 50_000)
answers("many comments", head(kind=SSE) + b":\n" * 100_000)
answers("odd events", head(kind=SSE) + b'data: {"choices":[{"delta":5}]}\n\ndata: [1,"x",null]\n\n'
        b"event: \xff\ndata: \x00\n\nid: \x00\nretry: 1e400\n\ndata: [DONE]\n\n")  # fmt: skip
answers("escapes in events", head(kind=SSE) + f"data: {dumped(everywhere(ESCAPES)).decode()}\n\n"
        f"event: {ESCAPES}\ndata: {MARKUP}\n\n".encode())  # fmt: skip
answers("answer of another request", whole(dumped({"object": "list", "data": [{"id": "x"}]})))


@behaves
async def endless_body(w: Write, request: bytes) -> None:
    w.write(head("200 OK", "transfer-encoding: chunked"))
    for _ in _turns():
        w.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        await w.drain()


@behaves
async def endless_stream(w: Write, request: bytes) -> None:
    w.write(head(kind=SSE))
    chunk = dumped({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}}]})
    for _ in _turns():
        w.write(b"data: " + chunk + b"\n\n")
        await w.drain()


@behaves
async def one_byte_a_second(w: Write, request: bytes) -> None:
    for byte in whole(GOOD)[:CAP]:
        w.write(bytes([byte]))
        await w.drain()
        await asyncio.sleep(1)


@behaves
async def body_drips(w: Write, request: bytes) -> None:
    w.write(head("200 OK", f"content-length: {len(GOOD)}"))
    for byte in GOOD[:CAP]:
        w.write(bytes([byte]))
        await w.drain()
        await asyncio.sleep(0.3)


@behaves
async def continues_for_ever(w: Write, request: bytes) -> None:
    for _ in _turns(20_000):
        w.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await w.drain()


@behaves
async def headers_for_ever(w: Write, request: bytes) -> None:
    w.write(b"HTTP/1.1 200 OK\r\n")
    for n in _turns(20_000):
        w.write(f"x-{n}: {'v' * 1000}\r\n".encode())
        await w.drain()


@behaves
async def silence(w: Write, request: bytes) -> None:
    await asyncio.sleep(CAP)


@behaves
async def silence_after_headers(w: Write, request: bytes) -> None:
    w.write(head(kind=SSE))
    await w.drain()
    await asyncio.sleep(CAP)


@behaves
async def reset_at_once(w: Write, request: bytes) -> None:
    _reset(w)


@behaves
async def reset_after_headers(w: Write, request: bytes) -> None:
    w.write(head("200 OK", "content-length: 100"))
    await w.drain()
    _reset(w)


@behaves
async def reset_in_the_body(w: Write, request: bytes) -> None:
    w.write(head(kind=SSE) + b'data: {"id"')
    await w.drain()
    await asyncio.sleep(0.02)
    _reset(w)


@behaves
async def echoes_the_request(w: Write, request: bytes) -> None:
    w.write(whole(request, kind="text/plain"))
    await w.drain()


KEY = re.compile(rb"(?im)^authorization: bearer (\S+)")


@behaves
async def echoes_the_key(w: Write, request: bytes) -> None:
    """In the body, headers, a redirect's address, and in several encodings."""
    found = KEY.search(request)
    key = found.group(1).decode("latin-1") if found else "none"
    hexed = "".join(f"\\u{ord(c):04x}" for c in key)
    percent = "".join(f"%{ord(c):02X}" for c in key)
    packed = base64.b64encode(f"user:{key}".encode()).decode()
    said = f'{{"error":{{"message":"{key} {percent} {packed}","code":"{hexed}","{key}":1}}}}'
    lines = (
        f"x-key: {key}",
        f"x-request-id: {packed}",
        f"location: http://127.0.0.1:9/?k={percent}&p={key}",
        f"set-cookie: k={key}",
        f"{key.lower()}: 1",
    )
    for status in ("400 " + key,) if b"/chat" in request[:60] else ("200 OK",):
        body = said.encode()
        if b"gzip" in request and b"stream" in request:
            w.write(whole(gzip.compress(body), "content-encoding: gzip", *lines, status=status))
        else:
            w.write(whole(body, *lines, status=status))
    await w.drain()


def _turns(most: int = 200_000) -> Iterator[int]:
    yield from range(most)


def _reset(w: Write) -> None:
    import socket
    import struct

    sock = w.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    w.transport.abort()


class HostileServer:
    """One behaviour on a port of its own."""

    def __init__(self, name: str) -> None:
        self._behaviour = BEHAVIOURS[name]
        self.requests = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> HostileServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        return self

    @property
    def base_url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: Write) -> None:
        self.requests += 1
        with suppress(Exception, asyncio.CancelledError):
            request = await read_request(reader)
            await asyncio.wait_for(self._behaviour(writer, request), CAP)
        with suppress(Exception):
            writer.close()

    async def __aexit__(self, *exc: Any) -> None:
        assert self._server is not None
        self._server.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """The head and, where its length is said, the body."""
    start = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: *(\d+)", start)
    return start + (await reader.readexactly(int(found.group(1))) if found else b"")
