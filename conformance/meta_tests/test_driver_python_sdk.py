"""The Python client library as a driver: what it returns and raises, tied to the wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conformance.clock import VirtualClock
from conformance.drivers.http import HttpDriver
from conformance.drivers.inprocess import InProcessTransport
from conformance.drivers.python_sdk import NAMES
from conformance.drivers.sdk_open import Opened, open_drivers
from conformance.exchange import ClientView, Exchange
from conformance.probe import Probe, Skip
from conformance.recording import Recording
from conformance.reference.app import create_app
from conformance.reference.config import KEY_MAIN, MODEL_CHAT
from conformance.session import BudgetSpent, Courier
from conformance.target import Limits, Target

BASE = "http://target.test/v1"
CHAT = {"model": MODEL_CHAT, "messages": [{"role": "user", "content": "Say hello."}]}
DRIVERS = pytest.mark.parametrize("name", NAMES)


@dataclass
class Rig:
    opened: Opened
    recording: Recording
    courier: Courier

    async def run(self, name: str, probe: Probe) -> Exchange:
        await self.opened.drivers[name].run(probe, probe.body, probe.path)
        found = self.recording.exchange(probe.name, name)
        assert found is not None
        return found


@contextlib.asynccontextmanager
async def rig(app: Any = None, limits: Limits | None = None) -> AsyncIterator[Rig]:
    clock, recording = VirtualClock(), Recording()
    target = Target(BASE, {"api": KEY_MAIN}, {"chat": MODEL_CHAT}, limits or Limits(timeout_s=5))
    inner = InProcessTransport(app or create_app(clock=clock))
    http = HttpDriver(target, recording, clock, inner)
    courier = Courier(target, http, recording, clock)
    opened = await open_drivers(NAMES, courier, http.transport)
    try:
        yield Rig(opened, recording, courier)
    finally:
        await opened.aclose()
        await http.aclose()


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await main()

    asyncio.run(within())


def chat(name: str = "p", **more: Any) -> Probe:
    options = {k: more.pop(k) for k in ("call", "options", "key", "headers") if k in more}
    return Probe(name, "POST", "/chat/completions", CHAT | more, **options)


def view_of(exchange: Exchange) -> ClientView:
    assert exchange.client is not None
    return exchange.client


def answering(*answers: tuple[int, dict[str, str], bytes], pause: float = 0.0) -> Any:
    """An application that gives these answers in turn, the last one for ever."""
    left = list(answers)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        status, headers, body = left.pop(0) if len(left) > 1 else left[0]
        await asyncio.sleep(pause)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": body})

    return app


JSON = {"content-type": "application/json"}
OK = (200, JSON, b'{"id":"c","object":"chat.completion","choices":[]}')


@DRIVERS
def test_returned_object_and_request_id(name: str) -> None:
    async def main() -> None:
        async with rig() as r:
            exchange = await r.run(name, chat())
            view = view_of(exchange)
            assert view.client.startswith("openai-python ")
            assert view.call == "chat.completions.create"
            assert view.outcome == "returned"
            assert view.error is None
            assert view.value == exchange.json
            assert view.extra["_request_id"] == exchange.header("x-request-id")
            assert view.extra["type"] == "ChatCompletion"
            assert view.extra["attempts"] == 1
            assert exchange.driver == name
            assert exchange.endpoint == "/chat/completions"

    run(main)


@DRIVERS
def test_every_chunk_of_a_stream(name: str) -> None:
    async def main() -> None:
        async with rig() as r:
            exchange = await r.run(name, chat(stream=True))
            assert view_of(exchange).value == list(exchange.payloads)
            assert exchange.ok  # the library leaves at [DONE], the recording is whole all the same
            assert exchange.response is not None
            assert exchange.response.complete

    run(main)


def test_both_clients_see_the_same() -> None:
    async def main() -> None:
        body = (200, JSON | {"x-request-id": "req_1"}, OK[2])
        async with rig(answering(body)) as r:
            probe = chat()
            one, two = [view_of(await r.run(name, probe)) for name in NAMES]
            for view in (one, two):
                view.extra.pop("elapsed")
            assert one == two
            failing = replace(probe, name="q")
            async with rig(answering((404, JSON, b'{"error":{"message":"gone","code":"x"}}'))) as f:
                a, b = [view_of(await f.run(name, failing)).error for name in NAMES]
                assert a == b

    run(main)


@DRIVERS
@pytest.mark.parametrize(
    ("status", "first"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
        (422, "UnprocessableEntityError"),
    ],
)
def test_raised_errors(name: str, status: int, first: str) -> None:
    body = {"error": {"message": "no", "type": "t", "param": "p", "code": "c"}}
    answer = (status, JSON | {"x-request-id": "req_1"}, json.dumps(body).encode())

    async def main() -> None:
        async with rig(answering(answer)) as r:
            view = view_of(await r.run(name, chat()))
            assert view.outcome == "raised"
            assert view.error["classes"][0] == first
            assert "APIStatusError" in view.error["classes"]
            assert view.error["message"].startswith(f"Error code: {status}")
            assert (view.error["status_code"], view.error["request_id"]) == (status, "req_1")
            assert [view.error[k] for k in ("code", "param", "type")] == ["c", "p", "t"]
            assert view.error["body"] == body["error"]

    run(main)


@DRIVERS
def test_retries_of_the_library_are_counted(name: str) -> None:
    slow_down = (429, JSON | {"retry-after-ms": "5"}, b'{"error":{"message":"slow"}}')

    async def main() -> None:
        async with rig(answering(slow_down, slow_down, OK)) as r:
            exchange = await r.run(name, chat(options={"max_retries": 2}))
            assert exchange.status == 200
            assert [x.status for x in r.recording.exchanges] == [429, 429, 200]
            assert [x.context["sdk_attempt"] for x in r.recording.exchanges] == [1, 2, 3]
            assert [x.attempt for x in r.recording.exchanges] == [1, 2, 3]
            assert not any(x.superseded for x in r.recording.exchanges)
            assert [x.client is None for x in r.recording.exchanges] == [True, True, False]
            assert view_of(exchange).extra["attempts"] == 3

    run(main)


@DRIVERS
def test_quota_is_retried_by_the_suite(name: str) -> None:
    slow_down = (429, JSON | {"retry-after": "30"}, b'{"error":{"message":"slow"}}')

    async def main() -> None:
        async with rig(answering(slow_down, OK)) as r:
            exchange = await r.run(name, chat())
            assert exchange.status == 200
            assert exchange.attempt == 2
            assert [x.superseded for x in r.recording.exchanges] == [True, False]

    run(main)


@DRIVERS
def test_spent_budget(name: str) -> None:
    async def main() -> None:
        async with rig(limits=Limits(max_requests=1)) as r:
            await r.run(name, chat("one"))
            with pytest.raises(BudgetSpent, match="budget of 1 requests"):
                await r.run(name, chat("two"))
            last = r.recording.exchanges[-1]
            assert last.failure is not None
            assert last.failure.kind == "budget"
            assert last.request.json == CHAT
            assert r.recording.exchange("two", name) is None

    run(main)


@DRIVERS
def test_what_the_library_does_not_send_is_skipped_with_the_reason(name: str) -> None:
    async def main() -> None:
        async with rig() as r:
            with pytest.raises(Skip, match=r"sent nothing: TypeError: .*messages"):
                await r.run(name, Probe("p", "POST", "/chat/completions", {"model": "m"}))
            unsent = r.recording.exchanges[-1]
            assert unsent.response is None
            assert view_of(unsent).outcome == "raised"
            assert r.recording.exchange("p", name) is None
            with pytest.raises(Skip, match=r"has no nothing\.create"):
                await r.run(name, chat(call="nothing.create"))
            with pytest.raises(Skip, match="always sends a key"):
                await r.run(name, chat(key=None))

    run(main)


@DRIVERS
def test_connection_errors(name: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise OSError("broken")

    async def main() -> None:
        async with rig(app) as r:
            exchange = await r.run(name, chat())
            assert view_of(exchange).error["classes"][0] == "APIConnectionError"
            assert exchange.response is None
            assert exchange.attempt == 2

    run(main)


@DRIVERS
def test_timeout_of_the_library(name: str) -> None:
    async def main() -> None:
        async with rig(answering(OK, pause=3)) as r:
            exchange = await r.run(name, chat(options={"timeout": 0.3}))
            assert view_of(exchange).error["classes"][0] == "APITimeoutError"
            assert exchange.failure is not None
            assert exchange.failure.kind == "cancelled"

    run(main)


@DRIVERS
def test_helpers(name: str) -> None:
    async def main() -> None:
        async with rig() as r:
            exchange = await r.run(name, chat(call="chat.completions.stream"))
            view = view_of(exchange)
            assert view.outcome == "returned", view.error
            assert view.extra["events"][-1] in ("chunk", "content.done")
            said = "".join(
                c["choices"][0]["delta"].get("content") or ""
                for c in exchange.payloads
                if c["choices"]
            )
            assert view.value["choices"][0]["message"]["content"] == said
            raw = view_of(
                await r.run(name, chat("q", call="chat.completions.with_raw_response.create"))
            )
            assert raw.extra["status"] == 200
            assert raw.value["object"] == "chat.completion"

    run(main)


@DRIVERS
def test_parse_returns_the_parsed_object(name: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "A", "schema": schema, "strict": True}}

    async def main() -> None:
        async with rig() as r:
            probe = chat(call="chat.completions.parse", response_format=form)
            exchange = await r.run(name, probe)
            message = view_of(exchange).value["choices"][0]["message"]
            assert message["parsed"] == json.loads(message["content"])
            assert exchange.sent["response_format"]["json_schema"]["strict"] is True

    run(main)


@DRIVERS
def test_pages_are_followed_and_endless_ones_end(name: str) -> None:
    def page(more: bool, *ids: str) -> tuple[int, dict[str, str], bytes]:
        data = [{"id": i, "object": "file"} for i in ids]
        return 200, JSON, json.dumps({"object": "list", "data": data, "has_more": more}).encode()

    probe = Probe("p", "GET", "/files?limit=2", options={"paginate": True})

    async def main() -> None:
        async with rig(answering(page(True, "a", "b"), page(False, "c"))) as r:
            view = view_of(await r.run(name, probe))
            assert [item["id"] for item in view.value] == ["a", "b", "c"]
            assert view.extra["pages"] == 2
            assert "after=b" in r.recording.exchanges[-1].request.url
        async with rig(answering(page(True, "a"))) as r:
            view = view_of(await r.run(name, probe))
            assert view.extra["endless"] is True

    run(main)


@DRIVERS
def test_unknown_keys_and_headers_go_out(name: str) -> None:
    async def main() -> None:
        async with rig(answering(OK)) as r:
            probe = chat(x_unknown=1, headers={"x-mine": "2", "content-type": "text/plain"})
            sent = (await r.run(name, probe)).request
            assert sent.json["x_unknown"] == 1
            assert sent.header("x-mine") == "2"
            assert sent.header("content-type") == "application/json"
            assert sent.header("host") == "target.test"
            rerank = Probe("r", "POST", "/rerank", {"query": "q"})
            exchange = await r.run(name, rerank)
            assert exchange.request.json == {"query": "q"}
            assert exchange.endpoint == "/rerank"

    run(main)


@DRIVERS
def test_fifty_calls_at_once_are_not_mixed_up(name: str) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        user = json.loads((await receive())["body"])["user"]
        await asyncio.sleep(0.01 * (int(user) % 5))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"id": user}).encode()})

    async def main() -> None:
        async with rig(echo) as r:
            found = await asyncio.gather(
                *(r.run(name, chat(f"p{n}", user=str(n))) for n in range(50))
            )
            assert [view_of(x).value["id"] for x in found] == [str(n) for n in range(50)]
            assert [x.sent["user"] for x in found] == [str(n) for n in range(50)]

    run(main)


@DRIVERS
def test_answer_that_the_library_gave_up_on_is_recorded_whole(name: str) -> None:
    first = b'data: {"choices":[]}\n\nevent: ping\ndata:\n\n'

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        await asyncio.sleep(0.3)
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})

    async def main() -> None:
        async with rig(app) as r:
            exchange = await r.run(name, chat(stream=True))
            view = view_of(exchange)
            assert view.outcome == "raised"
            assert view.value == [{"choices": []}]
            assert exchange.ok
            assert exchange.response is not None
            assert exchange.response.raw == first + b"data: [DONE]\n\n"
            assert exchange.context["client_left"] is True

    run(main)
