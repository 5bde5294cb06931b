"""Responses: the status, and what must fit to it, judged over every response of the run."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement
from conformance.response_events import ANSWERS
from conformance.select import RESPONSES

OBJECT = openai("responses/object")
rule = partial(requirement, needs="responses")


@rule(
    "responses.completed-at",
    SHOULD,
    "`completed_at` is a time not before `created_at` when the response is completed.",
    source=OBJECT,
    over=ANSWERS,
    since="2025-12-23",
)
def test_completed_at(x: Exchange) -> None:
    body = re.need(x)
    created, ended = body.get("created_at"), body.get("completed_at")
    if not isinstance(ended, int | float) or not isinstance(created, int | float):
        raise NotApplicable
    require(ended >= int(created), "completed_at", f"at least {created}", ended)


@rule(
    "responses.status.ended",
    MUST,
    "A response that does not run in the background has ended: completed, incomplete or failed.",
    source=openai("responses/object status"),
    over=RESPONSES,
    breaks=["clients that wait for an end poll for ever"],
)
def test_status_ended(x: Exchange) -> None:
    status = re.need(x).get("status")
    if x.sent.get("background") or not isinstance(status, str):
        raise NotApplicable
    if status in ("queued", "in_progress"):
        fail("status", ["completed", "incomplete", "failed"], status)


@rule(
    "responses.status.error-null",
    MUST,
    "A completed response has no `error`.",
    source=openai("responses/object error"),
    over=ANSWERS,
    breaks=["clients that test `error` take the answer for a failure"],
)
def test_error_null(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "completed" or "error" not in body:
        raise NotApplicable
    require(body["error"] is None, "error", "null", body["error"])


@rule(
    "responses.status.error-told",
    MUST,
    "A failed response says why in `error`.",
    source=openai("responses/object error"),
    over=ANSWERS,
    breaks=["users see a failure without a reason", "retry by error code"],
)
def test_error_told(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "failed":
        raise NotApplicable
    error = re.dict_of(body, "error")
    if not isinstance(error.get("message"), str) or not isinstance(error.get("code"), str):
        fail("error", "an object with code and message", body.get("error"))


@rule(
    "responses.status.incomplete-told",
    MUST,
    "An incomplete response says why in `incomplete_details.reason`.",
    source=openai("responses/object incomplete_details"),
    over=ANSWERS,
    breaks=["clients cannot tell a limit from a filter"],
)
def test_incomplete_told(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "incomplete":
        raise NotApplicable
    reason = re.dict_of(body, "incomplete_details").get("reason")
    known = ("max_output_tokens", "content_filter", "max_messages", "steered", "max_tool_calls")
    require(reason in known, "incomplete_details.reason", known[:2], reason)


@rule(
    "responses.status.no-details",
    MUST,
    "A completed response has no `incomplete_details`.",
    source=openai("responses/object incomplete_details"),
    over=ANSWERS,
    breaks=["clients that test `incomplete_details` take the answer for a cut one"],
)
def test_no_details(x: Exchange) -> None:
    body = re.need(x)
    if body.get("status") != "completed" or "incomplete_details" not in body:
        raise NotApplicable
    found = body["incomplete_details"]
    require(found is None, "incomplete_details", "null", found)


@rule(
    "responses.status.items",
    MUST,
    "In a completed response no message or call is in progress or incomplete.",
    source=openapi("OutputMessage status"),
    over=ANSWERS,
    breaks=["clients that wait for items to be completed"],
)
def test_items_done(x: Exchange) -> None:
    body = re.need(x)
    found = [i for i in re.items(body, "message", *re.CALLS) if isinstance(i.get("status"), str)]
    if body.get("status") != "completed" or not found:
        raise NotApplicable
    for item in found:
        require(item["status"] == "completed", f"{item['type']}.status", "completed",
                item["status"])  # fmt: skip
