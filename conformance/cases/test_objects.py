"""Rules that all stored objects and their lists keep, whoever asked for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, require
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement, sdk
from conformance.select import Selector

_STORED = re.compile(
    r"/(files|uploads|batches|vector_stores|fine_tuning/jobs|assistants|threads)\b"
)
OBJECTS = Selector(
    "stored objects", lambda x: x.ok and not x.is_sse and _STORED.match(x.endpoint) is not None
)
LISTS = Selector("lists of objects", lambda x: OBJECTS(x) and x.request.method == "GET")
RUNS = Selector("runs", lambda x: OBJECTS(x) and x.endpoint.startswith("/threads/"))
FEEDS = ("threads_use", "vector_stores_use")
PAGING = ["openai-python and openai-node: paging misses objects or never ends"]
DAY = 86_400


def body_of(x: Exchange) -> dict[str, Any]:
    if not isinstance(x.json, dict):
        raise NotApplicable
    return x.json


def listed(x: Exchange) -> list[dict[str, Any]]:
    """The elements of a list; NotApplicable for anything else."""
    body = body_of(x)
    data = body.get("data")
    if body.get("object") != "list" or not isinstance(data, list):
        raise NotApplicable
    return [one for one in data if isinstance(one, dict)]


def asked(x: Exchange, name: str) -> str:
    """A query parameter; empty where it is not there."""
    return parse_qs(urlsplit(x.request.url).query).get(name, [""])[0]


@requirement(
    "lists.edges",
    MUST,
    "Where a list has `first_id` and `last_id`, they are the ids of its first and last "
    "element, null in an empty list.",
    source=openai("assistants/listAssistants"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_edges(x: Exchange) -> None:
    data, body = listed(x), body_of(x)
    if "first_id" not in body and "last_id" not in body:
        raise NotApplicable
    for name, place in (("first_id", 0), ("last_id", -1)):
        if name in body:
            wanted = data[place].get("id") if data else None
            holds = body[name] == wanted or (not data and body[name] == "")
            require(holds, name, str(wanted), body[name])


@requirement(
    "lists.unique",
    MUST,
    "No object is twice on one page of a list.",
    source=openai("assistants/listAssistants"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_unique(x: Exchange) -> None:
    found = [str(one.get("id")) for one in listed(x) if one.get("id") is not None]
    require(len(set(found)) == len(found), "data", "each object once", found[:10])


@requirement(
    "lists.limit",
    MUST,
    "A page of a list has at most `limit` elements.",
    source=openai("assistants/listAssistants limit"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_limit(x: Exchange) -> None:
    limit = asked(x, "limit")
    data = listed(x)
    if not limit.isdigit():
        raise NotApplicable
    require(len(data) <= int(limit), "data", f"at most {limit} elements", f"{len(data)} elements")


@requirement(
    "lists.sorted",
    SHOULD,
    "A list is sorted by the time of creation, in the order that was asked for.",
    source=openai("assistants/listAssistants order"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_sorted(x: Exchange) -> None:
    found = [one.get("created_at") for one in listed(x)]
    times = [t for t in found if isinstance(t, int | float)]
    order = asked(x, "order")
    if len(times) < 2 or not order:
        raise NotApplicable
    wanted = sorted(times, reverse=order != "asc")
    require(times == wanted, "data[].created_at", f"{order or 'desc'} order", times[:10])


@requirement(
    "lists.has-more",
    MUST,
    "A list says with `has_more` whether others follow.",
    source=sdk("openai-python pagination.py: SyncCursorPage"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_has_more(x: Exchange) -> None:
    listed(x)
    found = body_of(x).get("has_more")
    if "has_more" not in body_of(x) and x.context.get("foreign"):
        raise NotApplicable
    require(isinstance(found, bool), "has_more", "true or false", found)


@requirement(
    "lists.not-hollow",
    MUST,
    "A list that has more is not empty.",
    source=sdk("openai-python pagination.py: next_page_info"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_not_hollow(x: Exchange) -> None:
    data = listed(x)
    more = body_of(x).get("has_more")
    require(bool(data) or more is not True, "has_more", "false, for the list is empty", more)


@requirement(
    "objects.created-at",
    MUST,
    "`created_at` of something new is the present time in seconds since 1970.",
    source=openapi("OpenAIFile created_at"),
    over=OBJECTS,
    feeds=FEEDS,
    breaks=["clients that show or compare times: off by a factor of 1000, or in 1970"],
)
def test_created_at(x: Exchange) -> None:
    body = body_of(x)
    when = body.get("created_at")
    new = x.request.method == "POST" and re.fullmatch(
        r"/(files|uploads|batches|vector_stores|fine_tuning/jobs|assistants|threads|"
        r"threads/[^/]+/(messages|runs)|uploads/[^/]+/parts)",
        x.endpoint,
    )
    if not new or not isinstance(when, int | float) or isinstance(when, bool):
        raise NotApplicable
    if x.context.get("foreign"):
        require(1.2e9 < when < 4.1e9, "created_at", "seconds since 1970", when)
        return
    require(abs(when - x.started) < DAY, "created_at", f"about {int(x.started)}", when)


@requirement(
    "objects.path-id",
    MUST,
    "What is retrieved by an id has this id.",
    source=openai("files/retrieve"),
    over=OBJECTS,
    feeds=FEEDS,
    breaks=["everybody: another object than was asked for"],
)
def test_path_id(x: Exchange) -> None:
    body = body_of(x)
    wanted = x.endpoint.rpartition("/")[2]
    kinds = r"/(files|batches|vector_stores|jobs|assistants|threads|messages|runs|steps)/[^/]+"
    if not re.search(kinds + "$", x.endpoint) or body.get("object") == "list" or wanted == "runs":
        raise NotApplicable
    if "/content" in x.endpoint or x.request.method not in ("GET", "DELETE", "POST"):
        raise NotApplicable
    require(body.get("id") == wanted, "id", wanted, body.get("id"))


def runs_of(x: Exchange) -> list[dict[str, Any]]:
    """The run of an answer, or the runs of a list."""
    body = x.json
    found = [body, *_elements(body)] if isinstance(body, dict) else []
    runs = [one for one in found if isinstance(one, dict) and one.get("object") == "thread.run"]
    if not runs:
        raise NotApplicable
    return runs


def _elements(body: dict[str, Any]) -> Iterator[Any]:
    data = body.get("data")
    yield from data if isinstance(data, list) else ()


@requirement(
    "thread.run.usage",
    MUST,
    "`usage` of a run is null until it ends, then its parts make up the total.",
    source=openapi("RunObject usage"),
    needs="assistants",
    over=RUNS,
    breaks=["cost accounting"],
)
def test_usage(x: Exchange) -> None:
    judged = 0
    for run in runs_of(x):
        usage, status = run.get("usage"), run.get("status")
        if status in ("queued", "in_progress", "requires_action", "cancelling"):
            judged += 1
            require(usage is None, "usage", f"null, the run is {status}", usage)
        elif status == "completed":
            judged += 1
            parts = usage if isinstance(usage, dict) else {}
            counts = [parts.get(f"{name}_tokens") for name in ("prompt", "completion", "total")]
            numbers = [c for c in counts if isinstance(c, int) and not isinstance(c, bool)]
            holds = len(numbers) == 3 and numbers[0] + numbers[1] == numbers[2] > 0
            require(holds, "usage", "prompt_tokens + completion_tokens = total_tokens", usage)
    if not judged:
        raise NotApplicable


@requirement(
    "thread.run.times",
    MUST,
    "A run has the time of its beginning once it began, and of its end as it ended, and no other.",
    source=openapi("RunObject"),
    needs="assistants",
    over=RUNS,
)
def test_times(x: Exchange) -> None:
    for run in runs_of(x):
        status = run.get("status")
        for state in ("completed", "failed", "cancelled"):
            when = run.get(f"{state}_at")
            if status == state:
                require(isinstance(when, int | float), f"{state}_at", "the time", when)
                start = run.get("created_at")
                if isinstance(start, int | float) and isinstance(when, int | float):
                    require(when >= start, f"{state}_at", f"{start} or later", when)
            else:
                require(when is None, f"{state}_at", f"null, the run is {status}", when)
        if status in ("in_progress", "requires_action", "completed"):
            when = run.get("started_at")
            require(isinstance(when, int | float), "started_at", f"the time, it is {status}", when)


@requirement(
    "thread.run.action",
    MUST,
    "A run has a `required_action` with calls exactly while it is `requires_action`.",
    source=openapi("RunObject required_action"),
    needs="assistants",
    over=RUNS,
    breaks=["openai-python: run.required_action.submit_tool_outputs: AttributeError"],
)
def test_action(x: Exchange) -> None:
    for run in runs_of(x):
        action, status = run.get("required_action"), run.get("status")
        if status == "cancelling":
            continue
        if status != "requires_action":
            require(action is None, "required_action", f"null, the run is {status}", action)
            continue
        outputs = action.get("submit_tool_outputs") if isinstance(action, dict) else None
        calls = outputs.get("tool_calls") if isinstance(outputs, dict) else None
        require(
            isinstance(calls, list) and bool(calls),
            "required_action",
            "submit_tool_outputs.tool_calls",
            action,
        )


@requirement(
    "thread.run.poll-after",
    MUST,
    "Where an answer has `openai-poll-after-ms`, it is a positive integer.",
    source=sdk("openai-python resources/beta/threads/runs: poll"),
    needs="assistants",
    over=RUNS,
    breaks=["openai-python runs.poll(): ValueError"],
)
def test_poll_after(x: Exchange) -> None:
    text = x.header("openai-poll-after-ms")
    if text is None:
        raise NotApplicable
    require(
        text.isascii() and text.isdigit() and int(text) > 0,
        "header openai-poll-after-ms",
        "a positive integer",
        text,
    )
