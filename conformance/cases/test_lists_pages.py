"""Pages of lists: what `has_more` and `after` promise."""

from __future__ import annotations

from conformance.cases.test_objects import FEEDS, LISTS, PAGING, asked, body_of, listed
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, require
from conformance.requirement import MUST, SHOULD, openai, requirement, sdk


@requirement(
    "lists.short-page",
    SHOULD,
    "A page with fewer elements than `limit` is the last one: `has_more` is false.",
    source=sdk("openai-python pagination.py: next_page_info"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_short_page(x: Exchange) -> None:
    data, limit, more = listed(x), asked(x, "limit") or "20", body_of(x).get("has_more")
    if not limit.isdigit() or not isinstance(more, bool) or not data or asked(x, "purpose"):
        raise NotApplicable
    if len(data) >= int(limit):
        raise NotApplicable("the page is full")
    require(not more, "has_more", f"false after {len(data)} elements", more)


@requirement(
    "lists.after-excluded",
    MUST,
    "A page that begins after an element does not hold that element.",
    source=openai("assistants/listAssistants after"),
    over=LISTS,
    feeds=FEEDS,
    breaks=PAGING,
)
def test_after(x: Exchange) -> None:
    after = asked(x, "after")
    if not after:
        raise NotApplicable
    ids = [one.get("id") for one in listed(x)]
    require(after not in ids, "data[].id", f"elements behind {after}", ids[:5])
