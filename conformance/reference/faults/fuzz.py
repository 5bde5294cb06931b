"""Faults that fuzzing notices: bodies that break the provider, or are judged wrongly by it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, ErrorReply, invalid
from conformance.reference.fault import fault
from conformance.reference.reply import Drop, Reply

CHAT = "chat"
OFFICIAL = ("chat", "completions", "embeddings", "moderations", "responses")
EVERY = (*OFFICIAL, "rerank")
OOPS = "Internal Server Error"


def broken() -> ApiError:
    """The 500 of an exception that nobody caught."""
    return ApiError(500, OOPS, type="server_error")


def refused(
    id: str, route: str, text: str, when: Callable[[dict[str, Any]], bool], **how: Any
) -> None:
    """A fault that turns refusals, told by their error object, into something else."""
    status, param = how.get("status"), how.get("param", "as it was")

    def hook(call: Call, error: ErrorReply) -> None:
        told = error.body.get("error") if isinstance(error.body, dict) else None
        if not isinstance(told, dict) or error.status not in (400, 404) or not when(told):
            return
        if status is not None:
            error.status = status
            told.update(type="server_error", message=OOPS, param=None, code=None)
        if param != "as it was":
            told["param"] = param

    fault(id, at="error", route=route, text=text, breaks=(id.split("/")[0],))(hook)


for _route in EVERY:
    refused(
        f"fuzz.{_route}.no-5xx",
        _route,
        f"A value of the wrong type at {_route} is a 500.",
        lambda told: told["code"] == "invalid_type",
        status=500,
    )
    refused(
        f"fuzz.{_route}.param-named",
        _route,
        f"`param` at {_route} says where the request came from, not what is wrong.",
        lambda told: told["param"] is not None,
        param="body",
    )
for _route in ("chat", "embeddings", "moderations", "rerank"):
    refused(
        f"fuzz.{_route}.no-5xx/missing",
        _route,
        f"A member that is missing at {_route} is a 500.",
        lambda told: told["code"] == "missing_required_parameter",
        status=500,
    )
for _route in ("chat", "completions", "responses"):
    refused(
        f"fuzz.{_route}.no-5xx/range",
        _route,
        f"A number outside its range at {_route} is a 500.",
        lambda told: "_value" in str(told["code"]),
        status=500,
    )
    refused(
        f"fuzz.{_route}.param-named/null",
        _route,
        f"`param` at {_route} is always null.",
        lambda told: True,
        param=None,
    )


def changed(
    id: str, route: str, text: str, change: Callable[[dict[str, Any]], Any], *also: str
) -> None:
    """A fault that changes the body before it is checked, or raises an error of its own."""

    def hook(call: Call, body: dict[str, Any]) -> dict[str, Any]:
        copy = dict(body)
        change(copy)
        return copy

    broken_too = (id.split("/")[0], *also)
    fault(id, at="request", route=route, text=text, breaks=broken_too)(hook)


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _forgiving(body: dict[str, Any]) -> None:
    for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty"):
        if name in body and not _numeric(body[name]):
            del body[name]


def _clamped(body: dict[str, Any]) -> None:
    bounds = {"frequency_penalty": (-2, 2), "presence_penalty": (-2, 2)}
    for name, (low, high) in {"temperature": (0, 2), "top_p": (0, 1), **bounds}.items():
        if _numeric(body.get(name)):
            body[name] = min(max(body[name], low), high)


def _at_least_one(body: dict[str, Any]) -> None:
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        if isinstance(body.get(name), int):
            body[name] = max(body[name], 16)


def _truthy(body: dict[str, Any]) -> None:
    # the store of chat is not known to be looked at
    for name in ("stream", "logprobs", "echo", *(("store",) if "input" in body else ())):
        if name in body and not isinstance(body[name], bool | int | None):
            del body[name]


for _route in ("chat", "completions", "responses"):
    _id = f"fuzz.{_route}.invalid-refused"
    changed(_id, _route, f"Sampling of {_route} by what is no number is ignored.", _forgiving)
    changed(f"{_id}/clamped", _route, f"Sampling parameters of {_route} are clamped.", _clamped)
    changed(f"{_id}/limit", _route, f"Low limits of {_route} are raised.", _at_least_one)
    changed(f"{_id}/flags", _route, f"Flags of {_route} of another type are false.", _truthy)


def _known_format(body: dict[str, Any]) -> None:
    if body.get("encoding_format") not in ("float", "base64", None):
        del body["encoding_format"]


def _number_as_text(body: dict[str, Any]) -> None:
    if isinstance(body.get("input"), int):
        body["input"] = str(body["input"])


def _any_model(body: dict[str, Any]) -> None:
    if not isinstance(body.get("model"), str | None):
        body.pop("model", None)


changed("fuzz.embeddings.invalid-refused", "embeddings",
        "An unknown encoding_format counts as float.", _known_format,
        "fuzz.embeddings.invalid-noticed")  # fmt: skip
changed("fuzz.embeddings.invalid-refused/input", "embeddings",
        "A number as input is embedded as text.", _number_as_text)  # fmt: skip
changed("fuzz.moderations.invalid-refused", "moderations",
        "A number as input is read as text.", _number_as_text)  # fmt: skip
changed("fuzz.moderations.invalid-refused/model", "moderations",
        "A model that is no string is ignored.", _any_model)  # fmt: skip

_MINOR: Mapping[str, tuple[str, ...]] = {
    "chat": ("safety_identifier", "user", "metadata", "service_tier", "verbosity", "prediction",
             "reasoning_effort", "modalities", "prompt_cache_key", "audio"),
    "completions": ("user", "suffix"),
    "embeddings": ("user",),
    "responses": ("user", "service_tier", "safety_identifier", "truncation", "background",
                  "prompt_cache_key", "reasoning", "include", "max_tool_calls"),
}  # fmt: skip


def _dropping(names: tuple[str, ...]) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        for name in (*names, "no_such_parameter"):
            body.pop(name, None)

    return change


for _route, _names in _MINOR.items():
    changed(
        f"fuzz.{_route}.invalid-noticed",
        _route,
        f"Members of {_route} that few use are not looked at.",
        _dropping(_names),
    )


def _texts(body: dict[str, Any]) -> None:
    body.pop("no_such_parameter", None)
    given = body.get("input")
    if isinstance(given, list):
        said = [p.get("text") if isinstance(p, dict) else p for p in given]
        if any(not isinstance(text, str) for text in said):
            body["input"] = " ".join(map(str, said)) or "none"


def _ranked(body: dict[str, Any]) -> None:
    documents = body.get("documents")
    if isinstance(documents, list):
        body["documents"] = [d if isinstance(d, str) else str(d) for d in documents]
    if not isinstance(body.get("query"), str):
        body["query"] = str(body.get("query"))
    for name in ("top_n", "return_documents"):
        if name in body and not isinstance(body[name], int):
            del body[name]


changed("fuzz.moderations.invalid-noticed", "moderations",
        "Whatever is in a list of inputs is read as text.", _texts)  # fmt: skip
changed("fuzz.rerank.invalid-noticed", "rerank",
        "Queries, documents and options of any type are taken.", _ranked)  # fmt: skip


def _no_nulls(body: dict[str, Any]) -> None:
    for name, value in body.items():
        if value is None and name not in ("model", "messages", "input", "prompt"):
            raise invalid(f"Invalid type for '{name}': null.", name, "invalid_type")


def _no_lists(name: str) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        if isinstance(body.get(name), list):
            raise invalid(f"Invalid '{name}': expected a string.", name, "invalid_type")

    return change


def _ascii(body: dict[str, Any]) -> None:
    if re.search(r"[^\x00-\x7f]", json.dumps(body, ensure_ascii=False)):
        raise invalid("The request holds characters that cannot be read.")


for _route in ("chat", "completions", "responses"):
    changed(f"fuzz.{_route}.valid-accepted", _route, f"null is refused at {_route}.", _no_nulls)
    changed(f"fuzz.{_route}.valid-accepted/ascii", _route,
            f"Text that is not ASCII is refused at {_route}.", _ascii)  # fmt: skip
changed("fuzz.embeddings.valid-accepted", "embeddings", "Lists are refused.", _no_lists("input"))
changed("fuzz.moderations.valid-accepted", "moderations", "Lists are refused.", _no_lists("input"))


def _odd_words(body: dict[str, Any]) -> None:
    if body.get("return_documents") is True:
        raise invalid("Invalid 'return_documents'.", "return_documents")
    _ascii(body)


changed("fuzz.rerank.valid-accepted", "rerank",
        "Documents cannot be returned, and text must be ASCII.", _odd_words)  # fmt: skip


def _raw(id: str, text: str, hook: Callable[[Call], Reply | None], *breaks: str) -> None:
    def early(call: Call, nothing: None) -> Reply | None:
        return hook(call)

    fault(id, at="received", route=CHAT, text=text, breaks=breaks or (id.split("/")[0],))(early)


def _oops() -> Reply:
    return Reply(500, [("content-type", "text/plain")], OOPS.encode())


_raw("fuzz.raw.answered", "A lone surrogate is a 500: the answer cannot be written.",
     lambda call: _oops() if re.search(rb"\\u[dD][89a-fA-F]", call.raw) else None)  # fmt: skip
_raw("fuzz.raw.answered/depth", "Deep nesting overflows the stack.",
     lambda call: _oops() if b"[" * 900 in call.raw else None)  # fmt: skip
_raw("fuzz.raw.answered/number", "Numbers beyond 64 bits are a 500.",
     lambda call: _oops() if re.search(rb":\d{20,}", call.raw) else None)  # fmt: skip
_raw("fuzz.raw.answered/nul", "NUL in a text is a 500: the database does not take it.",
     lambda call: _oops() if b"\\u0000" in call.raw else None)  # fmt: skip
_raw("fuzz.raw.answered/schema", "A tool schema that refers to itself is resolved for ever.",
     lambda call: _oops() if b'"parameters":{"$ref":"#"}' in call.raw else None)  # fmt: skip
_raw("fuzz.raw.transport", "An unknown content encoding is a 500.",
     lambda call: _oops() if "content-encoding" in call.headers else None)  # fmt: skip
_raw("fuzz.raw.transport/type", "A request without content type is a 500.",
     lambda call: None if "content-type" in call.headers else _oops())  # fmt: skip


def _dropped(call: Call) -> None:
    if b"\xff\xfe" in call.raw and "content-encoding" not in call.headers:
        raise Drop


_raw("fuzz.raw.answered/utf8", "Bytes that are no UTF-8 break the connection.", _dropped)


def _repaired(call: Call) -> None:
    try:
        json.loads(call.raw)
    except (ValueError, RecursionError):
        text = call.raw.decode("utf-8", "replace")
        call.raw = _plain() if text.startswith(("{", "[", "model")) else call.raw


def _plain() -> bytes:
    said = [{"role": "user", "content": "Say hi."}]
    return json.dumps({"model": "reference-chat", "messages": said, "max_tokens": 1}).encode()


def _cut_only(call: Call) -> None:
    if call.raw.startswith(b'{"model"') and not call.raw.endswith(b"}"):
        call.raw = _plain()


def _lenient(call: Call) -> None:
    call.raw = re.sub(rb":-?(NaN|Infinity)", b":1", call.raw)
    if call.raw in (b"5", b'"hi"', b"true"):
        call.raw = _plain()


_raw("fuzz.raw.refused", "Broken JSON is repaired and answered.", _repaired,
     "fuzz.raw.refused", "fuzz.raw.strict")  # fmt: skip
_raw("fuzz.raw.refused/cut", "A body that was cut is completed.", _cut_only,
     "fuzz.raw.refused", "fuzz.raw.strict")  # fmt: skip
_raw("fuzz.raw.strict", "NaN counts as 1, and a body that is no object as none.", _lenient)


@fault("fuzz.raw.error-object", at="http", route=CHAT, breaks=("fuzz.raw.error-object",))
def plain_text(call: Call, reply: Reply) -> None:
    """A body that cannot be read is refused in plain text."""
    if reply.status == 400 and isinstance(reply.body, bytes) and b"JSON" in reply.body:
        reply.set("content-type", "text/plain")
        reply.drop("content-length")
        reply.body = b"malformed request"


POISON = ("fuzz.raw.alive", "fuzz.raw.answered", "fuzz.raw.transport")


@fault("fuzz.raw.alive", at="received", route=CHAT, breaks=POISON)
def poisoned(call: Call, nothing: None) -> Reply | None:
    """After a body that is too deep every request fails."""
    if b"[" * 900 in call.raw:
        call.app.data["poisoned"] = True
    return _oops() if call.app.data.get("poisoned") else None
