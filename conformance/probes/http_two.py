"""HTTP/2, where the server offers it; and the connections that a public address should not take."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.drivers.line import Line, no_http2
from conformance.drivers.tls import outdated, speaks_outdated
from conformance.probe import Skip, scenario
from conformance.probes.http import JSON, PATH, hello
from conformance.recording import APART
from conformance.session import Session
from conformance.target import Target, is_local

TOGETHER = ("rice", "rye", "oats")


@scenario("http_two", needs="chat.stream", cost=4 + len(TOGETHER))
async def two(session: Session) -> None:
    """One connection over HTTP/2: an answer, an error, a stream, and several at once."""
    reason = no_http2(session)
    if reason:
        raise Skip(reason)
    longest = session.target.limits.timeout_s
    async with Line(session, http2=True) as one:
        first = await one.send("first", "POST", PATH, hello("barley"), timeout=longest)
        if first.response is not None and first.response.http_version != "HTTP/2":
            return  # it is not offered, and the cases say so
        await one.send("error", "POST", PATH, {"messages": "barley"}, timeout=longest)
        await one.send("stream", "POST", PATH, hello("wheat", stream=True), timeout=longest)
        await session.gather(
            *(one.send("together", "POST", PATH, hello(word), timeout=longest) for word in TOGETHER)
        )
        await one.send("last", "POST", PATH, hello("maize"), timeout=longest)


def public_address(target: Target) -> str:
    """The host of a public https address. Raises Skip for any other."""
    parts = urlsplit(target.base_url)
    if parts.scheme != "https":
        raise Skip("the address is not https")
    host = parts.hostname or ""
    if is_local(host):
        raise Skip(f"{host} is not a public host")
    return host


def plain_address(target: Target) -> str:
    """Where a client arrives that forgot the `s` of https. Raises Skip."""
    host = public_address(target)
    parts = urlsplit(target.base_url)
    if parts.port not in (None, 443):
        raise Skip(f"https on port {parts.port} has no counterpart without TLS")
    return f"http://{host}{parts.path.rstrip('/')}"


@scenario("tls_plain", cost=1, tokens=0)
async def plain(session: Session) -> None:
    """The list of models without TLS, and without a key, which would travel readable."""
    await session.send(
        "", "GET", "/models", url=plain_address(session.target) + "/models", key=None,
        headers=JSON, retry=False, timeout=10.0, context={APART: True},
    )  # fmt: skip


@scenario("tls_outdated", cost=1, tokens=0)
async def outdated_versions(session: Session) -> None:
    """The list of models over TLS 1.0 or 1.1, and without a key."""
    public_address(session.target)
    if not speaks_outdated():
        raise Skip("this machine's OpenSSL has neither TLS 1.0 nor TLS 1.1")
    async with Line(session, verify=outdated()) as one:
        await one.send("", "GET", "/models", key=None, timeout=10.0, context={APART: True})
