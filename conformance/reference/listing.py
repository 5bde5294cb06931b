"""Pages of stored objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid, invalid_value


def page(
    call: Call, objects: Iterable[dict[str, Any]], *, order: str = "desc", most: int = 100
) -> dict[str, Any]:
    """One page by the query's limit, order, after and before; objects come oldest first."""
    limit = _limit(call, most)
    wanted = call.query.get("order", order)
    if wanted not in ("asc", "desc"):
        raise invalid_value("order", wanted, ("asc", "desc"))
    items = list(objects)
    if wanted == "desc":
        items.reverse()
    ids = [item["id"] for item in items]
    after, before = call.query.get("after"), call.query.get("before")
    if after is not None:
        if after not in ids:
            raise invalid(f"No object found with id '{after[:100]}'.", "after")
        items = items[ids.index(after) + 1 :]
    elif before is not None and before in ids:
        items = items[: ids.index(before)][-limit:]
    data = items[:limit]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(items) > limit,
    }


def _limit(call: Call, most: int) -> int:
    text = call.query.get("limit", "20")
    try:
        limit = int(text)
    except ValueError:
        raise invalid(
            "Invalid type for 'limit': expected an integer, but got a string instead.",
            "limit",
            "invalid_type",
        ) from None
    if limit < 1:
        raise invalid(
            f"Invalid 'limit': integer below minimum value. Expected a value >= 1, but got "
            f"{limit} instead.",
            "limit",
            "integer_below_min_value",
        )
    if limit > most:
        raise invalid(
            f"Invalid 'limit': integer above maximum value. Expected a value <= {most}, but got "
            f"{limit} instead.",
            "limit",
            "integer_above_max_value",
        )
    return limit
