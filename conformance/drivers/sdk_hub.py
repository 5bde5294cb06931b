"""What every client-library driver shares: the forwarder, who is calling, and the suite's retries.

A driver only says how to make one call against a base URL; the hub gives it an address of its own,
passes its requests through the courier's gate, and ties what the library made of the answer to the
exchange that carried it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx

from conformance.drivers.forwarder import Forwarder, Passage, Refusal
from conformance.drivers.sdk_link import Arrival
from conformance.drivers.transport import Meta
from conformance.exchange import ClientView, Exchange, Failure, Request, endpoint_of
from conformance.probe import Probe, Skip
from conformance.session import MAX_TRIES, BudgetSpent, Courier, estimate

MOST_REQUESTS = 30
"""Requests of one call: a redirect loop or endless pages end here."""

LINGER = 5.0
"""Seconds for which the answer of a library that gave up on it is read on, for the recording."""

SETTLING = LINGER + 3.0
"""Seconds in which the requests of a finished call must have ended."""

Send = Callable[[str], Awaitable[ClientView]]
"""Makes the call against a base URL and says what the library made of it."""


@dataclass
class Ticket:
    """One call of a client library while it lasts. ``metas``: its requests in order."""

    tag: str
    probe: Probe
    driver: str
    attempt: int
    timeout: float
    metas: list[Meta] = field(default_factory=list)
    active: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    spent: BudgetSpent | None = None

    @property
    def exchanges(self) -> list[Exchange]:
        return [meta.exchange for meta in self.metas if meta.exchange is not None]


class Hub:
    """The forwarder with the calls that are under way."""

    def __init__(self, courier: Courier, transport: httpx.AsyncBaseTransport) -> None:
        self.courier = courier
        self._recording = courier.recording
        self._base_url = courier.target.base_url
        self._forwarder = Forwarder(transport, self._base_url, self._admit)
        self._tickets: dict[str, Ticket] = {}
        self._count = 0
        self._room = asyncio.Semaphore(max(courier.target.limits.concurrency, 1))

    async def start(self) -> None:
        await self._forwarder.start()

    async def aclose(self) -> None:
        await self._forwarder.aclose()

    async def drive(self, probe: Probe, driver: str, send: Send, *, retry: bool = True) -> Exchange:
        """Make one call, again where that is due, and tie the library's view to what was recorded.

        Returns the exchange that carries the view. Raises Skip when the library sent nothing,
        BudgetSpent when it was not allowed to.
        """
        async with self._room:
            tries = MAX_TRIES if retry else 1
            for attempt in range(1, tries + 1):
                ticket = self._open(probe, driver, attempt)
                try:
                    view = await send(self._forwarder.base_url(ticket.tag))
                finally:
                    await self._close(ticket)
                exchange = self._tie(ticket, view)
                wait = self.courier.retry_wait(exchange, attempt) if attempt < tries else None
                if wait is None:
                    return exchange
                for sent in ticket.exchanges:
                    client = view if sent.id == exchange.id else None
                    self._recording.supersede(replace(sent, client=client))
                await self.courier.clock.sleep(wait)
        raise AssertionError("the last attempt returns")

    def _open(self, probe: Probe, driver: str, attempt: int) -> Ticket:
        self._count += 1
        timeout = probe.timeout or self.courier.target.limits.timeout_s
        ticket = Ticket(str(self._count), probe, driver, attempt, timeout)
        ticket.idle.set()
        self._tickets[ticket.tag] = ticket
        return ticket

    async def _close(self, ticket: Ticket) -> None:
        """Wait until the last byte of the call is recorded."""
        try:
            async with asyncio.timeout(SETTLING):
                await ticket.idle.wait()
        except TimeoutError:
            pass
        finally:
            del self._tickets[ticket.tag]

    def _tie(self, ticket: Ticket, view: ClientView) -> Exchange:
        sent = ticket.exchanges
        view = replace(view, extra=view.extra | {"attempts": len(sent)})
        if ticket.spent is not None:
            raise ticket.spent
        if not sent:
            error = view.error or {}
            reason = f"{(error.get('classes') or ['nothing'])[0]}: {error.get('message', '')}"
            failure = Failure("unsent", f"{view.client} sent nothing: {reason}")
            self._recording.add(self._without_answer(ticket, failure, view))
            raise Skip(failure.message)
        exchange = replace(sent[-1], client=view)
        self._recording.update(exchange)
        return exchange

    def _without_answer(
        self,
        ticket: Ticket,
        failure: Failure,
        view: ClientView | None,
        arrival: Arrival | None = None,
    ) -> Exchange:
        """An exchange that never went out; superseded, so that nobody judges it."""
        probe = ticket.probe
        path = probe.path if isinstance(probe.path, str) else "/"
        url = self._base_url.rstrip("/") + path
        request = Request(probe.method, url, (), b"")
        if arrival is not None:
            origin = str(httpx.URL(self._base_url).copy_with(raw_path=b"/")).rstrip("/")
            request = Request(
                arrival.method,
                origin + arrival.target,
                tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in arrival.headers),
                arrival.body,
            )
        return Exchange(
            id=self._recording.next_id(),
            request=request,
            response=None,
            failure=failure,
            probe=probe.name,
            step=str(probe.options.get("step", "")),
            driver=ticket.driver,
            endpoint=endpoint_of(request.url, self._base_url),
            started=self.courier.clock.time(),
            attempt=ticket.attempt,
            superseded=True,
            client=view,
        )

    @asynccontextmanager
    async def _admit(self, arrival: Arrival) -> AsyncIterator[Passage]:
        ticket = self._tickets.get(arrival.tag)
        if ticket is None:
            raise Refusal("this call is over")
        if len(ticket.metas) >= MOST_REQUESTS:
            raise Refusal(f"one call may send {MOST_REQUESTS} requests")
        meta = self._meta(ticket, arrival)
        ticket.active += 1
        ticket.idle.clear()
        try:
            async with self.courier.gate(meta, estimate(arrival.body or None, ticket.probe.tokens)):
                ticket.metas.append(meta)
                yield Passage(
                    meta, ticket.timeout, 0.0 if ticket.probe.options.get("timeout") else LINGER
                )
        except BudgetSpent as spent:
            ticket.spent = spent
            failure = Failure("budget", str(spent))
            self._recording.add(self._without_answer(ticket, failure, None, arrival))
            raise Refusal(str(spent)) from spent
        finally:
            ticket.active -= 1
            if not ticket.active:
                ticket.idle.set()

    @staticmethod
    def _meta(ticket: Ticket, arrival: Arrival) -> Meta:
        count = arrival.header("x-stainless-retry-count") or "0"
        again = int(count) if count.isdigit() and len(count) < 4 else 0
        context = {"sdk_attempt": again + 1, "sdk_request": len(ticket.metas) + 1}
        attempt = ticket.attempt + again
        fresh = attempt > 1
        step = str(ticket.probe.options.get("step", ""))
        return Meta(ticket.probe.name, step, ticket.driver, attempt, context, fresh=fresh)
