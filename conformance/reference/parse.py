"""Raw request bodies to Python values, refusing what cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.reference.errors import ApiError, invalid

if TYPE_CHECKING:
    from conformance.reference.call import Call

_HINT = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
    "using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was "
    "sent was not valid JSON."
)


@dataclass(frozen=True)
class Upload:
    """A file of a multipart form."""

    filename: str
    content_type: str
    data: bytes


def not_json(detail: str = "") -> ApiError:
    """The 400 of a body that is not JSON."""
    return invalid(_HINT + (f" {detail})" if detail else ")"))


def unsupported_content_type(given: str, wanted: str) -> ApiError:
    """The 400 of a body in another format than the route reads."""
    shown = given.partition(";")[0][:100] or "(none)"
    return invalid(
        f"Unsupported content type: '{shown}'. This API method only accepts '{wanted}' requests, "
        f"but you specified the header 'Content-Type: {shown}'. Please try again after "
        "specifying a supported header.",
        code="unsupported_content_type",
    )


def decompress(raw: bytes, encoding: str, limit: int) -> bytes:
    """A gzip body unpacked, within the limit; other encodings are refused."""
    if encoding in ("", "identity"):
        return raw
    if encoding != "gzip":
        raise ApiError(415, f"Unsupported content encoding: '{encoding[:50]}'.")
    try:
        data = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise invalid("The request body is not valid gzip data.") from None
    if len(data) > limit:
        raise too_large(limit)
    return data


def too_large(limit: int) -> ApiError:
    """The 413."""
    return ApiError(413, f"Maximum content size limit ({limit} bytes) exceeded.")


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse_json(raw: bytes, max_depth: int) -> Any:
    """One JSON value; NaN, too deep nesting and broken text are refused."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise not_json("The body is not UTF-8.") from None
    try:
        value = json.loads(text, parse_constant=_constant)
    except RecursionError:
        raise invalid("The JSON body of your request is nested too deeply.") from None
    except ValueError:
        raise not_json() from None
    if text.count("[") + text.count("{") > max_depth and _depth(value) > max_depth:
        raise invalid("The JSON body of your request is nested too deeply.")
    if "\\ud" in text or "\\uD" in text:
        # a lone surrogate cannot be sent back as UTF-8
        value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def _depth(value: Any) -> int:
    deepest = 0
    pending = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict):
            pending.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list):
            pending.extend((child, depth + 1) for child in item)
    return deepest


async def parse_body(call: Call) -> Any:
    """The body of a request in the form that its route reads."""
    kind = call.spec.body if call.spec else "none"
    if kind == "none":
        return None
    content_type = call.headers.get("content-type", "")
    media = content_type.partition(";")[0].strip().lower()
    call.raw = decompress(
        call.raw,
        call.headers.get("content-encoding", "").strip().lower(),
        call.config.max_body_bytes,
    )
    if kind in ("form", "either") and media == "multipart/form-data":
        return await parse_form(call, content_type)
    if kind == "form":
        raise unsupported_content_type(content_type, "multipart/form-data")
    if kind == "optional" and not call.raw.strip():
        return {}
    if media != "application/json" and not media.endswith("+json"):
        raise unsupported_content_type(content_type, "application/json")
    value = parse_json(call.raw, call.config.max_depth)
    if not isinstance(value, dict):
        raise invalid(
            f"Invalid type for request body: expected an object, but got {json_name(value)} "
            "instead.",
            code="invalid_type",
        )
    return value


async def parse_form(call: Call, content_type: str) -> dict[str, Any]:
    """A multipart form: plain fields as strings, files as uploads, `x[]` as lists."""
    from starlette.datastructures import Headers
    from starlette.formparsers import MultiPartException, MultiPartParser

    if "boundary=" not in content_type:
        raise invalid("Could not parse multipart form: the boundary is missing.")

    async def chunks() -> Any:
        yield call.raw

    try:
        form = await MultiPartParser(
            Headers({"content-type": content_type}),
            chunks(),
            max_part_size=call.config.max_body_bytes,
        ).parse()
    except (MultiPartException, ValueError, KeyError):
        raise invalid("Could not parse multipart form.") from None
    fields: dict[str, Any] = {}
    for key, item in form.multi_items():
        value: Any = item
        if not isinstance(item, str):
            data = await item.read()
            value = Upload(item.filename or "", item.content_type or "", data)
        if key.endswith("[]"):
            fields.setdefault(key[:-2], []).append(value)
        else:
            fields[key] = value
    await form.close()
    return fields


def json_name(value: Any) -> str:
    """How OpenAI's messages call the type of a JSON value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a decimal number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
