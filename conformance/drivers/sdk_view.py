"""What a client library returned or raised, as JSON."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

_FIELDS = ("status_code", "code", "param", "type", "request_id", "body")


def dumped(value: Any, depth: int = 0) -> Any:
    """A value of a client library as JSON; models without the fields that nobody set."""
    if depth > 200:
        return "…"
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        try:
            return dumped(dump(mode="json", exclude_unset=True, by_alias=True), depth + 1)
        except Exception as error:
            return {"__undumpable__": f"{type(error).__name__}: {error}"}
    if isinstance(value, str):
        # JSON may hold a half of a surrogate pair, which no file can
        return value.encode("utf-8", "replace").decode() if _lone(value) else value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {str(k): dumped(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [dumped(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    return repr(value)[:500]


def _lone(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def error_view(error: BaseException) -> dict[str, Any]:
    """An exception: class names from the most special on, and what client code reads from it."""
    names = [c.__name__ for c in type(error).__mro__ if c not in (object, BaseException)]
    view: dict[str, Any] = {
        "classes": names,
        "library": type(error).__module__.split(".")[0],
        "message": dumped(str(error)),
    }
    for field in _FIELDS:
        view[field] = dumped(getattr(error, field, None))
    lacks = [field for field in _FIELDS if not hasattr(error, field)]
    if lacks:
        view["lacks"] = lacks  # an old release: that they say nothing is not the server's doing
    cause = error.__cause__
    if cause is not None:
        view["cause"] = f"{type(cause).__name__}: {dumped(str(cause))}"
    return view
