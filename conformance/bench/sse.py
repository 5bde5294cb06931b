"""Throughput of the event-stream reader beside the readers of two clients.

Run as `python -m conformance.bench.sse`. The other readers get their cheapest form: bare
decoders without an HTTP response around them. Ours gives positions, times and deviations besides.
"""

from __future__ import annotations

import codecs
import json
import time
from collections.abc import Callable
from typing import Any

from conformance.wire import sse

Chunks = list[tuple[float, bytes]]
_ROUNDS = 15


def chat_stream(events: int = 2000, text: str = " hello") -> list[bytes]:
    """Events of a chat completion, as OpenAI sends them, one bytes object each."""
    chunk = {
        "id": "chatcmpl-9nKT2QpCZ5vCMEm9ZrlIzJ3GS3zVd",
        "object": "chat.completion.chunk",
        "created": 1721683200,
        "model": "gpt-4o-mini-2024-07-18",
        "system_fingerprint": "fp_8b761cb050",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }
    line = json.dumps(chunk, separators=(",", ":"), ensure_ascii=False)
    return [f"data: {line}\n\n".encode()] * events + [b"data: [DONE]\n\n"]


def responses_stream(events: int = 2000) -> list[bytes]:
    """Events of the Responses API: an `event` line before each `data` line."""
    kind = "response.output_text.delta"
    line = json.dumps({"type": kind, "item_id": "msg_1", "output_index": 0, "delta": " hello"})
    return [f"event: {kind}\ndata: {line}\n\n".encode()] * events


def split(events: list[bytes], size: int | None) -> Chunks:
    """The stream in chunks of `size` bytes; 0: one an event; None: all at once."""
    if size == 0:
        return [(0.0, event) for event in events]
    body = b"".join(events)
    step = size or len(body)
    return [(0.0, body[start : start + step]) for start in range(0, len(body), step)]


def ours(chunks: Chunks) -> int:
    """Read with `conformance.wire.sse`; the number of events."""
    return len(sse.read(chunks).events)


def openai_python(chunks: Chunks) -> int:
    """Read with the decoder of the official Python client; the number of events."""
    from openai._streaming import SSEDecoder

    return len(list(SSEDecoder().iter_bytes(data for _, data in chunks)))


def httpx_sse(chunks: Chunks) -> int:
    """Read with the decoders of httpx-sse; the number of events."""
    from httpx_sse._decoders import SSEDecoder, SSELineDecoder

    text, lines, decoder = codecs.getincrementaldecoder("utf-8")(), SSELineDecoder(), SSEDecoder()
    events = []
    for _, data in chunks:
        for line in lines.decode(text.decode(data)):
            event = decoder.decode(line)
            if event is not None:
                events.append(event)
    return len(events)


def compare(rounds: int = _ROUNDS) -> list[dict[str, Any]]:
    """Measure every reader on every stream.

    Returns one dict a pair: `stream`, `name`, `mb_per_s` (best of `rounds`, 10^6 bytes a second)
    and `ratio` (ours divided by it: 1.0 and more means that ours is at least as fast).

    Raises:
        ValueError: two readers count different numbers of events.
    """
    streams = {
        "chat": chat_stream(),
        "chat, Chinese": chat_stream(text="你好世界"),
        "responses": responses_stream(),
        "chat, CRLF": [event.replace(b"\n", b"\r\n") for event in chat_stream()],
    }
    splits = {"event by event": 0, "4 KiB": 4096, "whole": None}
    readers: dict[str, Callable[[Chunks], int]] = {
        "ours": ours,
        "openai": openai_python,
        "httpx-sse": httpx_sse,
    }
    table: list[dict[str, Any]] = []
    for stream, events in streams.items():
        size = sum(map(len, events))
        for way, step in splits.items():
            chunks = split(events, step)
            best = dict.fromkeys(readers, float("inf"))
            for _ in range(rounds):  # rounds outside, so that noise meets all readers alike
                for name, reader in readers.items():
                    began = time.process_time()
                    count = reader(chunks)
                    best[name] = min(best[name], time.process_time() - began)
                    if count != len(events):
                        raise ValueError(f"{name} read {count} of {len(events)} events")
            for name, seconds in best.items():
                table.append(
                    {
                        "stream": f"{stream}, {way}",
                        "name": name,
                        "mb_per_s": size / seconds / 1e6,
                        "ratio": seconds / best["ours"],
                    }
                )
    return table


def main() -> None:
    """Print the comparison."""
    print(f"{'stream':32}{'reader':12}{'MB/s':>8}{'ours/it':>9}")
    for row in compare():
        print(f"{row['stream']:32}{row['name']:12}{row['mb_per_s']:8.1f}{row['ratio']:9.2f}")


if __name__ == "__main__":
    main()
