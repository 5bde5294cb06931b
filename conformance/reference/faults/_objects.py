"""What faults of stored objects share. Registers nothing by itself."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.call import Call
from conformance.reference.config import KEY_MAIN
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault

Json = dict[str, Any]
When = Callable[[Call], bool]
ZEROS = "00000000"


def always(call: Call) -> bool:
    return True


def edit(
    id: str,
    route: str | Sequence[str],
    text: str,
    change: Callable[[Call, Json], Any],
    *,
    breaks: Sequence[str] | None = None,
    when: When = always,
    field_defects: str | Sequence[str] = (),
) -> None:
    """Register a fault that changes an answer, never what is stored."""

    def hook(call: Call, reply: Json) -> Json:
        made = copy.deepcopy(reply)
        result = change(call, made)
        return result if isinstance(result, dict) else made

    fault(id, at="reply", route=route, text=text, breaks=breaks, when=when,
          field_defects=field_defects)(hook)  # fmt: skip


def fill(
    id: str,
    route: str | Sequence[str],
    text: str,
    change: Callable[[Call, Json], Any],
    *,
    breaks: Sequence[str] | None = None,
    when: When = always,
) -> None:
    """Register a fault that changes a request before it is checked."""

    def hook(call: Call, body: Json) -> None:
        change(call, body)

    fault(id, at="request", route=route, text=text, breaks=breaks, when=when)(hook)


def status(
    id: str,
    route: str | Sequence[str] | None,
    code: int,
    text: str,
    *,
    breaks: Sequence[str] | None = None,
    when: When = always,
) -> None:
    """Register a fault that answers an error with another status."""

    def hook(call: Call, error: ErrorReply) -> None:
        error.status = code

    fault(id, at="error", route=route, text=text, breaks=breaks, when=when)(hook)


def query(
    id: str,
    route: str | Sequence[str],
    name: str,
    *,
    breaks: Sequence[str] | None = None,
    when: When = always,
) -> None:
    """Register a fault that ignores a query parameter."""

    def hook(call: Call, value: Any) -> None:
        if when(call):
            call.query.pop(name, None)

    fault(id, at="received", route=route, text=f"{name} is ignored.", breaks=breaks)(hook)


def answers(call: Call, verdict: Any) -> Any:
    """Another account is taken for the main one."""
    return call.config.keys.get(KEY_MAIN, verdict)


def edges(reply: Json) -> None:
    """Make the edges of a list right again."""
    data = reply["data"]
    if "first_id" in reply:
        reply["first_id"] = data[0]["id"] if data else None
        reply["last_id"] = data[-1]["id"] if data else None


def plain(call: Call) -> bool:
    """A list that is asked for with nothing but a limit of 100."""
    return call.query == {"limit": "100"}


class Keep(dict[str, Any]):
    """A table from which nothing is deleted."""

    def pop(self, key: str, default: Any = None) -> Any:
        return self.get(key, default)

    def __delitem__(self, key: str) -> None:
        return


def zero(call: Call) -> bool:
    """The path holds an id that nothing has."""
    return ZEROS in call.path


def once_there(call: Call) -> bool:
    """The path holds an id of the account that was there."""
    return ZEROS not in call.path and call.owner == "main"


def list_faults(area: str, route: str, *, order: bool = True, before: bool = False) -> None:
    """The faults of a list."""

    def lose(call: Call, reply: Json) -> None:
        del reply["data"][:1]
        edges(reply)

    def turn(call: Call, reply: Json) -> None:
        reply["data"].reverse()
        edges(reply)

    def nothing(call: Call, reply: Json) -> None:
        reply.update(data=[], has_more=False)
        edges(reply)

    def last(call: Call, reply: Json) -> None:
        reply["has_more"] = False

    def one(call: Call) -> bool:
        return call.query == {"limit": "1"}

    name = f"{area}.list"
    edit(f"{name}.contains", route, "The newest is not listed yet.", lose, when=plain)
    edit(f"{name}.newest-first", route, "Lists begin with the oldest.", turn, when=plain)
    edit(f"{name}.limit", route, "A page has one element less than limit.", nothing, when=one)
    query(f"{name}.limit/ignored", route, "limit", breaks=(f"{name}.limit", "lists.limit"),
          when=one)  # fmt: skip
    edit(f"{name}.has-more", route, "has_more is always false.", last, when=one)
    query(f"{name}.after", route, "after", when=lambda c: c.query.get("order") != "asc")

    def inclusive(call: Call, reply: Json) -> None:
        first = call.query.get("after")
        kept = [o for o in _all(call, route) if o["id"] == first]
        reply["data"] = [*kept, *reply["data"]]
        edges(reply)

    if area == "files":
        edit(f"{name}.after/inclusive", route, "after is listed again.", inclusive,
             breaks=(f"{name}.after",),
             when=lambda c: "after" in c.query and c.query.get("order") == "desc")  # fmt: skip
    if order:
        edit(
            f"{name}.order",
            route,
            "order is ignored.",
            turn,
            breaks=(f"{name}.order", "lists.sorted"),
            when=lambda c: c.query.get("order") == "asc" and c.query.get("limit") == "100",
        )
    if before:
        query(f"{name}.before", route, "before")


def _all(call: Call, route: str) -> list[Json]:
    return [one.meta for one in call.table("files").values()]


def delete_faults(area: str, routes: str, table: str, *more: str) -> None:
    """The faults of deleting; ``routes`` is the beginning of the routes' names."""

    def other(call: Call, reply: Json) -> None:
        reply["id"] = reply["id"][:-4] + "zzzz"

    def keep(call: Call, body: Any) -> None:
        tables = call.app.tables
        where = tables.setdefault((call.owner, table), {})
        if table == "messages":
            thread = call.params["id"]
            where[thread] = Keep(where.get(thread, {}))
        else:
            tables[(call.owner, table)] = Keep(where)

    def stale(call: Call, reply: Json) -> Json:
        kept: Json = call.app.data.setdefault(f"stale {call.owner} {call.path}", reply)
        return kept

    delete, retrieve = f"{routes}.delete", f"{routes}.retrieve"
    edit(f"{area}.delete.confirmed", delete, "A deletion is confirmed with another id.", other,
         breaks=(f"{area}.delete.confirmed", "objects.path-id"))  # fmt: skip
    fault(f"{area}.delete.gone", at="accepted", route=delete, text="Nothing is ever deleted.",
          breaks=(f"{area}.delete.gone", f"{area}.delete.unlisted", f"{area}.delete.twice", *more),
          )(keep)  # fmt: skip
    edit(f"{area}.delete.unlisted", f"{routes}.list", "Lists are cached for ever.", stale,
         when=plain)  # fmt: skip
    status(f"{area}.delete.twice", delete, 400, "What is gone is answered 400.", when=once_there)
    status(f"{area}.unknown.retrieve", retrieve, 400, "What is unknown is answered 400.",
           when=zero)  # fmt: skip
    status(f"{area}.unknown.delete", delete, 400, "What is unknown is answered 400.", when=zero)


def private_faults(area: str, routes: str) -> None:
    """The faults of keeping accounts apart."""
    for slug, name in (("read", "retrieve"), ("list", "list"), ("delete", "delete")):
        fault(f"{area}.private.{slug}", at="authorised", route=f"{routes}.{name}",
              text="All accounts share their objects.")(answers)  # fmt: skip
