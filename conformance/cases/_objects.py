"""What cases about stored objects share: steps of a scenario, and the rules that all lists keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, Case, Level, Requirement, Source

Object = dict[str, Any]
STEADY = {"object", "created_at", "name", "description", "instructions", "model", "metadata",
          "role", "content", "thread_id", "endpoint", "input_file_id"}  # fmt: skip
"""Members of objects that do not change by themselves."""
PAGING = ("openai-python and openai-node: paging misses objects or never ends",)


def step(steps: Steps, name: str) -> Exchange:
    """A step that was sent and answered."""
    found = steps.get(name)
    if found is None or not found.status:
        raise NotApplicable(f"{name} was not sent")
    if found.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    return found


def good(steps: Steps, name: str) -> Object:
    """The body of a step that was answered with success."""
    found = step(steps, name)
    body = found.json
    if not found.ok or not isinstance(body, dict):
        raise NotApplicable(f"{name} was answered {found.status}")
    return body


def words(found: Exchange) -> str:
    """Status and the beginning of the body."""
    return f"{found.status} {found.response.text[:200] if found.response else ''}".strip()


def served(steps: Steps, *names: str) -> None:
    """These steps were answered with success."""
    for name in names:
        found = step(steps, name)
        if not found.ok:
            fail("status", "200", words(found), exchange=found)


def gone(steps: Steps, *names: str) -> None:
    """What these steps ask for is not there."""
    for name in names:
        found = step(steps, name)
        if found.status != 404:
            fail("status", "404", words(found), exchange=found)


def refused(steps: Steps, *names: str, statuses: Iterable[int] = ()) -> None:
    """These steps were refused with an error of the client (or with one of the statuses)."""
    wanted = tuple(statuses)
    for name in names:
        found = step(steps, name)
        if found.status not in wanted if wanted else not 400 <= found.status < 500:
            fail("status", [str(s) for s in wanted] or "4xx", words(found), exchange=found)


def data_of(steps: Steps, name: str) -> list[Object]:
    """The elements of a list."""
    found = good(steps, name).get("data")
    if not isinstance(found, list):
        raise NotApplicable(f"{name} is no list")
    return [one for one in found if isinstance(one, dict)]


def ids(steps: Steps, name: str) -> list[Any]:
    """The ids of a list's elements."""
    return [one.get("id") for one in data_of(steps, name)]


def own(steps: Steps, name: str) -> str:
    """The id of what a step made."""
    found = good(steps, name).get("id")
    if not isinstance(found, str):
        raise NotApplicable(f"{name} has no id")
    return found


def same(steps: Steps, before: str, now: str, names: Iterable[str]) -> None:
    """Two steps answered with the same values of these members."""
    one, two = good(steps, before), good(steps, now)
    for name in names:
        if name in one:
            require(two.get(name) == one[name], name, str(one[name]), two.get(name))


def echo(steps: Steps, name: str, sent: Object) -> None:
    """An answer has the values that were sent."""
    body = good(steps, name)
    for key, value in sent.items():
        require(body.get(key) == value, key, str(value), body.get(key))


def rule(
    cases: list[Case],
    module: str,
    id: str,
    text: str,
    judge: Callable[..., None],
    *,
    probes: tuple[str, ...],
    needs: str,
    source: Source,
    level: Level = MUST,
    breaks: Iterable[str] = (),
) -> None:
    """Add the case of one sentence to the list of a module."""
    made = Requirement(id, level, text, source, needs, tuple(breaks))
    cases.append(Case(made, judge, probes=probes, any_status=True, module=module))


def walk_rule(
    cases: list[Case],
    module: str,
    id: str,
    noun: str,
    wanted: Callable[[Steps], Iterable[Any]],
    *,
    probe: str,
    needs: str,
    source: Source,
    on_a_page: int = 1,
) -> None:
    """Pages as the SDKs ask for them (steps `page`, by `walk()`) hold everything once and end.

    ``wanted``: the ids that they hold, in any order; more may be there.
    """

    def judge(steps: Steps) -> None:
        pages = steps.all("page")
        if not pages:
            raise NotApplicable
        seen: list[Any] = []
        for page in pages:
            body = page.json
            if not page.ok or not isinstance(body, dict):
                fail("status", "200", words(page), exchange=page)
            data = body.get("data")
            listed = data if isinstance(data, list) else []
            found = [one.get("id") for one in listed if isinstance(one, dict)]
            least = f"at most {on_a_page} on a page"
            require(len(found) <= on_a_page, "data", least, f"{len(found)}")
            seen += found
        every = list(wanted(steps))
        require(len(set(map(str, seen))) == len(seen), "data", "each once", seen)
        lost = [one for one in every if one not in seen]
        require(not lost, "data", f"all {len(every)}", f"{len(seen)}, without {lost}")
        last = pages[-1].json.get("has_more")
        require(last is False, "has_more", "false on the last page", last)

    text = (f"Pages of {noun}, each begun after the last id of the one before, hold every one "
            "once and end with `has_more: false`.")  # fmt: skip
    rule(cases, module, id, text, judge, probes=(probe,), needs=needs, source=source, breaks=PAGING)


def list_rules(
    cases: list[Case],
    module: str,
    area: str,
    noun: str,
    *,
    probe: str,
    needs: str,
    source: Source,
    order: bool = True,
    before: bool = False,
) -> None:
    """What every list of objects keeps to.

    The scenario made `made-1`, `made-2` and `made-3` in this order and asked for `list`, `limit`
    (1), `after` (of the third, newest first), `asc` (after the first, oldest first) and `before`
    (the first, newest first).
    """

    def add(slug: str, text: str, judge: Callable[[Steps], None], level: Level = MUST) -> None:
        rule(cases, module, f"{area}.list.{slug}", text, judge, probes=(probe,), needs=needs,
             source=source, level=level, breaks=PAGING)  # fmt: skip

    def contains(steps: Steps) -> None:
        served(steps, "list")
        found = ids(steps, "list")
        for name in ("made-1", "made-2", "made-3"):
            wanted = own(steps, name)
            require(wanted in found, "data", f"{wanted} among the newest", found[:5])

    def newest(steps: Steps) -> None:
        found = ids(steps, "list")
        places = [found.index(own(steps, f"made-{n}")) for n in (3, 2, 1)
                  if own(steps, f"made-{n}") in found]  # fmt: skip
        if len(places) < 2:
            raise NotApplicable
        require(places == sorted(places), "data", "the newest first", found[:5])

    def limit(steps: Steps) -> None:
        served(steps, "limit")
        count = len(data_of(steps, "limit"))
        require(count == 1, "data", "1 element", f"{count} elements")

    def has_more(steps: Steps) -> None:
        if len(data_of(steps, "limit")) != 1:
            raise NotApplicable
        found = good(steps, "limit").get("has_more")
        require(found is True, "has_more", "true, there are more", found)

    def after(steps: Steps) -> None:
        served(steps, "after")
        found = ids(steps, "after")
        third = own(steps, "made-3")
        require(third not in found, "data", f"without {third}", found[:5])
        for name in ("made-2", "made-1"):
            require(own(steps, name) in found, "data", f"{own(steps, name)} present", found[:5])

    def ascending(steps: Steps) -> None:
        found = ids(steps, "asc")
        two, three = own(steps, "made-2"), own(steps, "made-3")
        require(
            two in found and three in found and found.index(two) < found.index(three),
            "data",
            f"{two} before {three}",
            found[:5],
        )

    def earlier(steps: Steps) -> None:
        served(steps, "before")
        found = ids(steps, "before")
        first = own(steps, "made-1")
        require(first not in found, "data", f"without {first}", found[:5])
        for name in ("made-2", "made-3"):
            require(own(steps, name) in found, "data", f"{own(steps, name)} present", found[:5])

    def listed(steps: Steps) -> None:
        found = {one.get("id"): one for one in data_of(steps, "list")}
        for name in ("made-1", "made-2", "made-3"):
            made = good(steps, name)
            one = found.get(made.get("id"), {})
            for key in STEADY & made.keys() & one.keys():
                require(one[key] == made[key], f"data[].{key}", str(made[key]), one[key])

    if area != "files":
        add("same", f"What a list of {noun} holds is what was made.", listed)
    add("contains", f"A list of {noun} holds what was made a moment ago.", contains)
    add("newest-first", f"A list of {noun} begins with the newest.", newest, SHOULD)
    add("limit", f"`limit` is the number of {noun} on a page.", limit)
    add("has-more", f"`has_more` is true on a page of {noun} that others follow.", has_more)
    add("after", f"`after` continues a list of {noun} behind the object that it names.", after)
    if order:
        add("order", f"`order=asc` lists {noun} from the oldest on.", ascending)
    if before:
        add("before", f"`before` lists the {noun} in front of the object that it names.", earlier)


def delete_rules(
    cases: list[Case], module: str, area: str, noun: str, *, probe: str, needs: str, source: Source
) -> None:
    """What was deleted is gone; steps `delete`, `deleted`, `delete-again`, `left`, `unknown`,
    `unknown-delete`."""

    def add(slug: str, text: str, judge: Callable[[Steps], None], level: Level = MUST) -> None:
        rule(cases, module, f"{area}.{slug}", text, judge, probes=(probe,), needs=needs,
             source=source, level=level)  # fmt: skip

    def unlisted(steps: Steps) -> None:
        served(steps, "delete")
        first, found = own(steps, "made-1"), ids(steps, "left")
        require(first not in found, "data", f"without {first}", found[:5])

    def after_delete(steps: Steps) -> None:
        served(steps, "delete")
        gone(steps, "deleted")

    def whole(steps: Steps) -> None:
        served(steps, "delete")
        body = good(steps, "delete")
        require(body.get("id") == own(steps, "made-1"), "id", own(steps, "made-1"), body.get("id"))
        require(body.get("deleted") is True, "deleted", "true", body.get("deleted"))

    def again(steps: Steps) -> None:
        served(steps, "delete")
        gone(steps, "delete-again")

    add("delete.confirmed", f"Deleting one of the {noun} is confirmed with its id and "
        "`deleted: true`.", whole)  # fmt: skip
    add("delete.gone", f"A deleted one of the {noun} is not found any more.", after_delete)
    add("delete.unlisted", f"A deleted one of the {noun} is not listed any more.", unlisted)
    add("delete.twice", f"Deleting one of the {noun} a second time is answered 404.", again, SHOULD)
    add("unknown.retrieve", f"An unknown id of the {noun} is answered 404.",
        lambda steps: gone(steps, "unknown"))  # fmt: skip
    add("unknown.delete", f"Deleting an unknown id of the {noun} is answered 404.",
        lambda steps: gone(steps, "unknown-delete"))  # fmt: skip


def private(
    cases: list[Case], module: str, area: str, noun: str, *, probe: str, needs: str, source: Source,
    reads: tuple[str, ...] = ("get",)
) -> None:  # fmt: skip
    """Another account sees nothing; steps `create`, `get`, `list`, `delete`, `still-there`."""

    def read(steps: Steps) -> None:
        good(steps, "create")
        for name in reads:
            found = step(steps, name)
            if found.status not in (401, 403, 404):
                fail("status", ["404", "403"], words(found), exchange=found)

    def listing(steps: Steps) -> None:
        mine, found = own(steps, "create"), ids(steps, "list")
        wanted = f"without {mine}, which another account made"
        require(mine not in found, "data", wanted, found[:5])

    def delete(steps: Steps) -> None:
        step(steps, "delete")
        served(steps, "still-there")

    for slug, text, judge in (
        ("read", f"Another account cannot read one's {noun}.", read),
        ("list", f"Another account's list does not hold one's {noun}.", listing),
        ("delete", f"Another account cannot delete one's {noun}.", delete),
    ):
        rule(
            cases,
            module,
            f"{area}.private.{slug}",
            text,
            judge,
            probes=(probe,),
            needs=needs,
            source=source,
            breaks=("everybody: data of one customer reaches another",),
        )
