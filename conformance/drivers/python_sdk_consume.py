"""Makes one call of openai-python and takes its result to the end.

Written once for both clients: it awaits only what is awaitable, so that with the synchronous client
the coroutine never waits and a thread can run it without an event loop.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from conformance.drivers.sdk_call import Call, SdkOptions, bound
from conformance.drivers.sdk_environment import current_warnings
from conformance.drivers.sdk_view import dumped, error_view
from conformance.exchange import ClientView
from conformance.probe import Skip

MOST_PAGES = 12
_FINAL = ("get_final_completion", "get_final_response", "get_final_run")


async def consume(client: Any, library: str, call: Call, options: SdkOptions) -> ClientView:
    """Call, read everything, and say what came out. Raises Skip when there is no such method."""
    function, given = bound(call, client)
    seen = _Seen()
    gathered: list[str] = []
    token = current_warnings.set(gathered)
    began = time.perf_counter()
    outcome, error = "returned", None
    try:
        await _take(function, given, call, options, seen)
    except Skip:
        raise
    except Exception as raised:
        outcome, error = "raised", error_view(raised)
    finally:
        current_warnings.reset(token)
    seen.extra["elapsed"] = round(time.perf_counter() - began, 6)
    seen.extra["warnings"] = gathered
    return ClientView(library, call.name, outcome, seen.value, error, seen.extra)


def without_loop(coroutine: Coroutine[Any, Any, ClientView]) -> ClientView:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        view: ClientView = stop.value
        return view
    coroutine.close()
    raise RuntimeError("the synchronous client gave something to wait for")


class _Seen:
    """What came out so far: it counts also when the call ends in an exception."""

    def __init__(self) -> None:
        self.value: Any = None
        self.extra: dict[str, Any] = {}


async def _take(
    function: Any, given: dict[str, Any], call: Call, options: SdkOptions, seen: _Seen
) -> None:
    result = await _settled(function(**given))
    if call.helper:
        await _helper(result, seen)
        return
    if "with_raw_response" in call.method:
        seen.extra["status"] = getattr(result, "status_code", None)
        seen.extra["raw_request_id"] = getattr(result, "request_id", None)
        result = await _settled(result.parse())
    _describe(result, seen)
    if _is_stream(result):
        await _stream(result, seen)
    elif options.paginate and hasattr(result, "iter_pages"):
        await _pages(result, seen)
    elif hasattr(result, "iter_bytes"):
        content = getattr(result, "content", None)
        seen.value = dumped(
            content if isinstance(content, bytes) else await _settled(result.read())
        )
    else:
        seen.value = dumped(result)
        if hasattr(result, "iter_pages"):
            seen.extra["items"] = len(result._get_page_items())
        _texts(result, seen)


def _describe(result: Any, seen: _Seen) -> None:
    seen.extra["type"] = type(result).__name__.partition("[")[0]
    if hasattr(result, "_request_id"):
        seen.extra["_request_id"] = dumped(result._request_id)


def _texts(result: Any, seen: _Seen) -> None:
    """Conveniences that the library computes and no dump holds."""
    if type(result).__name__.endswith("Response") and hasattr(result, "output_text"):
        try:
            seen.extra["output_text"] = dumped(result.output_text)
        except Exception as error:
            seen.extra["output_text_error"] = error_view(error)


def _is_stream(result: Any) -> bool:
    return hasattr(result, "response") and (
        hasattr(result, "__next__") or hasattr(result, "__anext__")
    )


async def _stream(stream: Any, seen: _Seen) -> None:
    seen.value = []
    headers = getattr(stream.response, "headers", {})
    seen.extra["_request_id"] = headers.get("x-request-id")
    async for chunk in _each(stream):
        seen.value.append(dumped(chunk))


async def _helper(manager: Any, seen: _Seen) -> None:
    types: list[str] = seen.extra.setdefault("events", [])
    async with _opened(manager) as stream:
        seen.extra["type"] = type(stream).__name__
        async for event in _each(stream):
            name = getattr(event, "type", None) or getattr(event, "event", None)
            types.append(str(name or type(event).__name__))
        final = next(getattr(stream, name) for name in _FINAL if hasattr(stream, name))
        result = await _settled(final())
        seen.value = dumped(result)
        _texts(result, seen)


async def _pages(page: Any, seen: _Seen) -> None:
    seen.value = []
    pages = 0
    async for one in _each(page.iter_pages()):
        pages += 1
        seen.extra["pages"] = pages
        seen.value.extend(dumped(list(one._get_page_items())))
        if pages >= MOST_PAGES:
            seen.extra["endless"] = True
            return


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _each(items: Any) -> AsyncIterator[Any]:
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


@asynccontextmanager
async def _opened(manager: Any) -> AsyncIterator[Any]:
    if hasattr(manager, "__aenter__"):
        async with manager as opened:
            yield opened
    else:
        with manager as opened:
            yield opened
