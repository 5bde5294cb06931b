"""A probe as a call of the Python client library: which method, which arguments.

Nothing here does I/O; the synchronous and the asynchronous driver share it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any

from conformance.drivers.sdk_routes import Routed, routed
from conformance.probe import Probe, Skip

_SENT_BY_THE_CLIENT = frozenset(("authorization", "content-type", "content-length", "host"))
_HELPERS = ("stream", "parse")


@dataclass(frozen=True)
class SdkOptions:
    """What a probe asks of the client library, in its ``options``.

    ``max_retries`` and ``timeout``: the constructor's (None: the library's own default).
    ``paginate``: iterate over all pages. ``environment``: variables that the library may see.
    ``bare``: the client is made without arguments, key and address stand in the environment.
    ``retry``: whether the suite may try the call again. ``bearer``: a literal key.
    """

    max_retries: int | None = 0
    timeout: float | None = None
    paginate: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False
    retry: bool = True
    bearer: str | None = None


def options_of(probe: Probe) -> SdkOptions:
    """The options of a probe that speak of client libraries; others are for the raw driver."""
    known = SdkOptions.__dataclass_fields__
    return SdkOptions(**{k: v for k, v in probe.options.items() if k in known})


@dataclass(frozen=True)
class Call:
    """``method``: dotted path below the client; "" stands for a bare verb with ``path``."""

    method: str
    arguments: Mapping[str, Any]
    verb: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.method or self.verb.lower()

    @property
    def helper(self) -> bool:
        """One of the library's helpers that accumulate a stream."""
        return self.method.rpartition(".")[2] == "stream"


def call_of(probe: Probe, body: Any, path: str) -> Call:
    """The call that sends a probe. Raises Skip when no call can."""
    route: Routed = routed(probe.method, path)
    method = probe.call or route.method
    headers = {k: v for k, v in probe.headers.items() if k.lower() not in _SENT_BY_THE_CLIENT}
    arguments: dict[str, Any] = dict(route.arguments)
    if isinstance(body, bytes):
        body = unpacked(body, probe.headers)
    if isinstance(body, dict):
        arguments |= body
    elif body is not None:
        raise Skip("a client library sends JSON objects only")
    if method.rpartition(".")[2] in _HELPERS:
        arguments.pop("stream", None)
        arguments = _typed(arguments)
    return Call(method, arguments, probe.method, route.path, route.query, headers)


def bound(call: Call, client: Any) -> tuple[Any, dict[str, Any]]:
    """The callable and its keyword arguments. Raises Skip when this version has no such method."""
    if not call.method:
        options: dict[str, Any] = {}
        if call.query:
            options["params"] = dict(call.query)
        if call.headers:
            options["headers"] = dict(call.headers)
        arguments: dict[str, Any] = {"cast_to": object, "options": options}
        if call.verb != "GET":
            arguments["body"] = dict(call.arguments)
        verb = getattr(client, call.verb.lower(), None)
        if verb is None:
            raise Skip(f"the client library has no way to send {call.verb}")
        return (lambda **given: verb(call.path, **given)), arguments
    function = _found(client, call.method)
    known = inspect.signature(function).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()):
        known = inspect.signature(
            _found(client, call.method.replace("with_raw_response.", ""))
        ).parameters
    given: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in call.arguments.items():
        (given if key in known else extra)[key] = value
    query: dict[str, Any] = {}
    for key, value in call.query.items():
        (given if key in known else query)[key] = value
    for name, part in (
        ("extra_body", extra),
        ("extra_query", query),
        ("extra_headers", dict(call.headers)),
    ):
        if part:
            given[name] = part
    return function, given


def _found(client: Any, method: str) -> Any:
    """The method, also where an older major keeps it below ``beta``."""
    for prefix in ((), ("beta",)):
        found: Any = client
        for part in (*prefix, *method.split(".")):
            found = getattr(found, part, None)
            if found is None:
                break
        else:
            return found
    raise Skip(f"this version of the client library has no {method}")


def _typed(arguments: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema as response format becomes the pydantic class that the helpers take."""
    form = arguments.get("response_format")
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return arguments
    schema = form.get("json_schema", {})
    return arguments | {
        "response_format": model_of(str(schema.get("name", "Answer")), schema.get("schema", {}))
    }


_TYPES: dict[str, Any] = {"string": str, "integer": int, "number": float, "boolean": bool}


def model_of(name: str, schema: Mapping[str, Any]) -> Any:
    """A pydantic class for an object schema of plain members and lists of them."""
    from pydantic import create_model

    fields: dict[str, Any] = {}
    for key, part in schema.get("properties", {}).items():
        kind = part.get("type")
        if kind == "array":
            item: Any = _TYPES.get(part.get("items", {}).get("type"), Any)
            fields[key] = (list[item], ...)
        elif kind == "object":
            fields[key] = (model_of(key.title(), part), ...)
        else:
            fields[key] = (_TYPES.get(kind, Any), ...)
    return create_model(name, **fields)


def unpacked(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """A raw body as arguments: a JSON object, or the parts of a form with its files."""
    kind = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if kind.startswith("multipart/form-data"):
        return _form(body, kind)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Skip("a client library cannot send this body")
    return value


def _form(body: bytes, kind: str) -> dict[str, Any]:
    message = BytesParser().parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
    fields: dict[str, Any] = {}
    for part in message.get_payload() if message.is_multipart() else ():
        if isinstance(part, str):
            continue
        name = str(part.get_param("name", "", "content-disposition"))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        filename = part.get_filename()
        value: Any = data.decode("utf-8", "replace")
        if filename is not None:
            value = (filename, data, part.get_content_type())
        if name.endswith("[]"):
            fields.setdefault(name[:-2], []).append(value)
        elif "[" in name:
            outer, _, inner = name.rstrip("]").partition("[")
            fields.setdefault(outer, {})[inner] = value
        else:
            fields[name] = value
    return fields
