"""Faults of HTTP/2: what works over HTTP/1.1 does not work over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.probes.http_two import TOGETHER
from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault
from conformance.reference.faults.http import says
from conformance.reference.reply import Drop

_T = "http.two."


def over_two(word: str) -> Callable[[Call], bool]:
    """A request over HTTP/2 that asks for this word."""
    said = says(word)
    return lambda call: call.http_version == "2" and said(call)


@fault(_T + "answered", at="received", when=over_two("maize"),
       breaks=(_T + "answered", "errors.answered"))  # fmt: skip
def goes_away(call: Call, early: None) -> None:
    """An HTTP/2 connection ends after a few requests, without an answer to the last."""
    raise Drop


@fault(_T + "statuses", at="received", when=over_two("barley"))
def lost_body(call: Call, early: None) -> None:
    """The body of a request over HTTP/2 is lost on its way."""
    raise ApiError(400, "We could not parse the JSON body of your request.")


@fault(_T + "stream", at="frames", when=over_two("wheat"),
       breaks=(_T + "stream", "chat.stream.terminator"))  # fmt: skip
def cut_stream(call: Call, frames: list[Any]) -> list[Any]:
    """A stream over HTTP/2 ends without its last event."""
    return frames[:-1]


@fault(_T + "together", at="received", when=over_two(TOGETHER[1]),
       breaks=(_T + "together", "errors.no-5xx"))  # fmt: skip
def one_at_a_time(call: Call, early: None) -> None:
    """Of several requests at once on one connection all but the first fail."""
    raise ApiError(502, "Bad gateway.", type="server_error")
