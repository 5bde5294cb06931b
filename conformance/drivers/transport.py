"""The one place that records: an httpx transport around another.

Under the raw driver it sees the suite's own requests; under the loopback forwarder it sees those of
the SDKs. Bytes, header order and arrival times are kept as the inner transport delivers them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance.clock import Clock
from conformance.exchange import Chunk, Exchange, Failure, Request, Response, endpoint_of
from conformance.recording import Recording

EXTENSION = "conformance"


@dataclass
class Meta:
    """What the sender says of a request; ``exchange`` is filled in when it has ended.

    ``cancelled``: the suite ended it on purpose; ``left``: the client library did.
    ``deadline``: when, by the event loop's clock, the suite gives up waiting. ``fresh``: not on a
    connection that was used before.
    """

    probe: str = ""
    step: str = ""
    driver: str = "http"
    attempt: int = 1
    context: dict[str, Any] = field(default_factory=dict)
    cancelled: bool = False
    left: bool = False
    deadline: float | None = None
    fresh: bool = False
    exchange: Exchange | None = None

    @property
    def early(self) -> bool:
        """Whether its time is not up yet: what ends it now is an interrupt."""
        if self.deadline is None:
            return False
        return asyncio.get_running_loop().time() < self.deadline - 0.05


class TooLarge(httpx.TransportError):
    """The response passed the size cap."""


class RecordingTransport(httpx.AsyncBaseTransport):
    """Records every exchange of ``inner`` into ``recording``.

    A response of more than ``max_bytes`` is cut there and recorded with a failure of kind ``size``.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        recording: Recording,
        clock: Clock,
        base_url: str,
        max_bytes: int = 16 * 1024 * 1024,
    ) -> None:
        self._inner = inner
        self._recording = recording
        self._clock = clock
        self._base_url = base_url
        self._max_bytes = max_bytes

    @property
    def inner(self) -> httpx.AsyncBaseTransport:
        """What carries the requests."""
        return self._inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        meta: Meta = request.extensions.get(EXTENSION) or Meta()
        record = _Record(self, request, meta)
        try:
            response = await self._inner.handle_async_request(request)
        except BaseException as error:
            record.finish(failure_of(error, meta))
            raise
        record.head(response)
        inner_stream = response.stream
        assert isinstance(inner_stream, httpx.AsyncByteStream)
        return httpx.Response(
            status_code=response.status_code,
            headers=response.headers,
            stream=_RecordedStream(inner_stream, record, self._max_bytes),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Record:
    """One exchange while it happens."""

    def __init__(self, transport: RecordingTransport, request: httpx.Request, meta: Meta) -> None:
        self._transport = transport
        self._clock = transport._clock
        self._request = request
        self._meta = meta
        self.id = transport._recording.next_id()
        self.started = self._clock.time()
        self._zero = self._clock.monotonic()
        self.chunks: list[Chunk] = []
        self._response: httpx.Response | None = None
        self._head_at = 0.0
        self._done = False
        self._sent = bytearray()
        stream = request.stream
        if not isinstance(stream, httpx.ByteStream):
            assert isinstance(stream, httpx.AsyncByteStream)
            request.stream = _Tee(stream, self._sent)

    def now(self) -> float:
        return self._clock.monotonic() - self._zero

    def head(self, response: httpx.Response) -> None:
        self._response, self._head_at = response, self.now()

    def finish(self, failure: Failure | None, *, complete: bool = True) -> None:
        if self._done:
            return
        self._done = True
        request, meta = self._request, self._meta
        try:
            body = request.content
        except httpx.RequestNotRead:
            body = bytes(self._sent)
        response = None
        ended = self.now()
        if self._response is not None:
            version = self._response.extensions.get("http_version", b"HTTP/1.1")
            reason = self._response.extensions.get("reason_phrase", b"")
            response = Response(
                status=self._response.status_code,
                reason=reason.decode("latin-1"),
                http_version=version.decode("latin-1"),
                headers=_pairs(self._response.headers),
                chunks=tuple(self.chunks),
                head_at=self._head_at,
                ended_at=ended,
                complete=complete and failure is None,
            )
        exchange = Exchange(
            id=self.id,
            request=Request(request.method, str(request.url), _pairs(request.headers), body),
            response=response,
            failure=failure,
            probe=meta.probe,
            step=meta.step,
            driver=meta.driver,
            endpoint=endpoint_of(str(request.url), self._transport._base_url),
            started=self.started,
            duration=ended,
            attempt=meta.attempt,
            context=meta.context,
        )
        meta.exchange = exchange
        self._transport._recording.add(exchange)

    @property
    def meta(self) -> Meta:
        return self._meta


class _RecordedStream(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, record: _Record, max_bytes: int) -> None:
        self._inner = inner
        self._record = record
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for data in self._inner:
                if not data:
                    continue
                size += len(data)
                if size > self._max_bytes:
                    raise TooLarge(f"the response is longer than {self._max_bytes} bytes")
                self._record.chunks.append(Chunk(self._record.now(), data))
                yield data
        except GeneratorExit:
            self._record.finish(Failure("cancelled", "the client left"), complete=False)
            raise
        except BaseException as error:
            self._record.finish(failure_of(error, self._record.meta), complete=False)
            raise
        self._record.finish(None)

    async def aclose(self) -> None:
        self._record.finish(Failure("cancelled", "the client left"), complete=False)
        await self._inner.aclose()


class _Tee(httpx.AsyncByteStream):
    """Keeps what a streamed request body sent."""

    def __init__(self, inner: httpx.AsyncByteStream, kept: bytearray) -> None:
        self._inner = inner
        self._kept = kept

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._inner:
            self._kept.extend(data)
            yield data


def _pairs(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in headers.raw)


def failure_of(error: BaseException, meta: Meta | None = None) -> Failure:
    """The kind of failure behind an exception of the transport."""
    if meta is not None and meta.cancelled:
        return Failure("cancelled", "the suite ended the request on purpose")
    if meta is not None and meta.left:
        return Failure("cancelled", "the client left")
    message = str(error) or type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Failure("tls", str(error) or str(cause) or message)
        cause = cause.__cause__ or cause.__context__
    match error:
        case TooLarge():
            return Failure("size", message)
        case httpx.ConnectTimeout() | httpx.ConnectError() | httpx.UnsupportedProtocol():
            return Failure("connect", message)
        case httpx.TimeoutException() | TimeoutError():
            return Failure("timeout", message if str(error) else "no answer in time")
        case httpx.ProtocolError() | httpx.DecodingError():
            return Failure("protocol", message)
        case httpx.TransportError() | OSError():
            return Failure("reset", message)
    if type(error).__name__ == "CancelledError":
        if meta is not None and meta.early:
            return Failure("interrupted", "the run was interrupted")
        return Failure("timeout", "no answer in time")
    return Failure("protocol", f"{type(error).__name__}: {message}")
