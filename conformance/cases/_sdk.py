"""How the cases about client libraries read what a library made of an answer."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from conformance.exchange import ClientView, Exchange
from conformance.expect import Inconclusive, NotApplicable, Value, fail
from conformance.requirement import SDKS, requirement

sdk_requirement = partial(requirement, drivers=SDKS)
_ENDED = re.compile(rb'"finish_reason"\s*:\s*"(stop|length)"')
_CUT = re.compile(r'"finish_reason"\s*:\s*"length"|"type"\s*:\s*"response\.incomplete"')


def view_of(exchange: Exchange) -> ClientView:
    """The library's view of an exchange."""
    if exchange.client is None:
        raise NotApplicable("no client library was between")
    return exchange.client


def returned(exchange: Exchange) -> Value:
    """The object that the library returned; an exception violates the requirement."""
    view = view_of(exchange)
    if view.outcome != "returned" and exchange.response and _CUT.search(exchange.response.text):
        # the helpers raise where the model did not come to its end
        raise Inconclusive("the answer was cut off at the limit of tokens")
    if view.outcome != "returned":
        fail(f"client {view.call}", "a returned object", raised_words(view))
    return Value(view.value, f"client {view.call}")


def raised(exchange: Exchange) -> Value:
    """The exception that the library raised, as an object."""
    view = view_of(exchange)
    if view.outcome != "raised":
        fail(f"client {view.call}", "an exception", "an object was returned", exchange=exchange)
    return Value(view.error, f"client {view.call} exception")


def told(exchange: Exchange) -> Value:
    """The exception, for a case about what it tells; that there is one is another's."""
    if view_of(exchange).outcome != "raised":
        raise NotApplicable("nothing was raised")
    return raised(exchange)


def attribute(exchange: Exchange, name: str) -> Value:
    """What an attribute of the exception tells. An old release of a library may have none such."""
    error = told(exchange)
    lacking = name in (error.get("lacks").raw or ())
    if lacking or (name != "request_id" and unopened(exchange)):
        raise NotApplicable(f"exceptions of this release of the library tell no {name}")
    return error[name]


def unopened(exchange: Exchange) -> bool:
    """Whether the library is of a release that does not open the error object of the answer."""
    error = view_of(exchange).error
    if not isinstance(error, dict) or "body" in error.get("lacks", ()):
        return True
    body = error.get("body")
    return isinstance(body, dict) and isinstance(body.get("error"), dict) and body == exchange.json


def class_of(exchange: Exchange) -> str:
    """The class of the exception that the library raised."""
    classes = raised(exchange).get("classes").raw
    return str(classes[0]) if isinstance(classes, list) and classes else ""


def raises(exchange: Exchange, wanted: str) -> None:
    """The library raised an exception of the class."""
    found = class_of(exchange)
    if found != wanted:
        fail("client exception", wanted, f"{found} (status {exchange.status})", exchange=exchange)


def raised_words(view: ClientView) -> str:
    error = view.error if isinstance(view.error, dict) else {}
    classes = error.get("classes") or ["an exception"]
    return f"{classes[0]}: {error.get('message') or ''}"[:400]


def wire_text(exchange: Exchange) -> str:
    """The text of choice 0 as it stands on the wire, streamed or not."""
    if not exchange.is_sse:
        found = Value(exchange.json).get("choices").get(0).get("message").get("content").raw
        return found if isinstance(found, str) else ""
    return joined(exchange.payloads)


def joined(chunks: Any) -> str:
    """The text that the deltas of choice 0 make."""
    parts = []
    for chunk in chunks if isinstance(chunks, list | tuple) else ():
        for choice in Value(chunk).get("choices"):
            content = choice.get("delta").get("content").raw
            if isinstance(content, str) and choice.get("index").raw in (0, None):
                parts.append(content)
    return "".join(parts)


def same_text(exchange: Exchange, got: Value | str, at: str) -> None:
    """The caller got the text on the wire. A model that spent its tokens silently is excused."""
    text = got.raw if isinstance(got, Value) else got
    wire = wire_text(exchange)
    if not isinstance(text, str) or text != wire:
        fail(at, f"{wire[:200]!r}, as on the wire", text if isinstance(text, str) else repr(text))
    body = exchange.response.body if exchange.response else b""
    told = (b'"delta"' if exchange.is_sse else b'"content"') in body
    if not text and told and _ENDED.search(body):
        raise Inconclusive("the model said nothing")  # why, raw HTTP tells
    if not text:
        fail(at, "a text that is not empty", "no text")


def surfaced(exchange: Exchange, got: Any) -> None:
    """The library found the request id that the header carries."""
    wire = exchange.header("x-request-id")
    if not got or got != wire:
        fail("client request id", wire or "the value of a header x-request-id", got or "none")
