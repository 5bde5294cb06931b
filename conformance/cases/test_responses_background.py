"""Responses in the background: they end, are cancelled, and are taken up again."""

from __future__ import annotations

from functools import partial

from conformance import response_events as re
from conformance.cases._responses import good, step
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, fail, require
from conformance.requirement import MUST, SHOULD, openai, requirement

background = partial(requirement, needs="responses.background")


def _ended(x: Exchange | None) -> bool:
    """Whether the answer shows a response that is over."""
    return x is not None and re.result(x).get("status") in ("completed", "incomplete", "failed")


@background(
    "responses.background.ends",
    MUST,
    "A background response ends: it can be looked at until it is completed.",
    source=openai("responses/create background"),
    breaks=["clients poll for ever"],
)
def test_background_ends(responses_background: Steps) -> None:
    good(responses_background, "create")
    last = step(responses_background, "poll")
    expect(last).status(2)
    status = re.need(last).get("status")
    if status in ("queued", "in_progress"):
        raise Inconclusive("it was still running when the suite stopped looking", owner="network")
    require(status in ("completed", "incomplete"), "status", "completed", status)


@background(
    "responses.background.order",
    MUST,
    "A background response goes from queued to in_progress to its end, never back.",
    source=openai("responses/object status"),
    breaks=["clients that show the state of a response"],
)
def test_background_order(responses_background: Steps) -> None:
    ranks = {"queued": 0, "in_progress": 1}
    found = [re.result(x).get("status") for x in responses_background if x.ok]
    places = [ranks.get(str(s), 2) for s in found if isinstance(s, str)]
    if len(places) < 2:
        raise NotApplicable
    require(places == sorted(places), "status", "queued, in_progress, ended", found)


@background(
    "responses.background.same-id",
    MUST,
    "A background response keeps its id.",
    source=openai("responses/object id"),
    breaks=["clients poll for another response"],
)
def test_background_id(responses_background: Steps) -> None:
    names = {re.id_of(x) for x in responses_background if x.ok and re.id_of(x)}
    if not names:
        raise NotApplicable
    require(len(names) == 1, "id", "one id", sorted(map(str, names)))


@background(
    "responses.background.cancels",
    MUST,
    "A background response can be cancelled: its status becomes cancelled.",
    source=openai("responses/cancel"),
    breaks=["work that nobody waits for is paid for"],
)
def test_cancels(responses_background_cancel: Steps) -> None:
    good(responses_background_cancel, "create")
    x = step(responses_background_cancel, "cancel")
    if x.status in (400, 409) and _ended(responses_background_cancel.get("get")):
        raise Inconclusive("it had ended before it could be cancelled", owner="network")
    expect(x).status(2)
    status = re.need(x).get("status")
    if status in ("completed", "incomplete"):
        raise Inconclusive("it had ended before it could be cancelled", owner="network")
    require(status == "cancelled", "status", "cancelled", status)


@background(
    "responses.background.stays-cancelled",
    MUST,
    "A cancelled response stays cancelled.",
    source=openai("responses/cancel"),
    breaks=["work that nobody waits for is paid for"],
)
def test_stays_cancelled(responses_background_cancel: Steps) -> None:
    if re.result(good(responses_background_cancel, "cancel")).get("status") != "cancelled":
        raise NotApplicable
    status = re.need(good(responses_background_cancel, "get")).get("status")
    require(status == "cancelled", "status", "cancelled", status)


@background(
    "responses.background.cancel-twice",
    SHOULD,
    "Cancelling twice does no harm: the second answer is the cancelled response.",
    source=openai("responses/cancel"),
)
def test_cancel_twice(responses_background_cancel: Steps) -> None:
    good(responses_background_cancel, "cancel")
    expect(step(responses_background_cancel, "again")).status(2)


@background(
    "responses.background.resume",
    MUST,
    "`GET ?stream=true&starting_after=3` sends the events from number 4 on.",
    source=openai("responses/get starting_after"),
    breaks=["a stream that broke cannot be taken up again"],
)
def test_resume(responses_background_stream: Steps) -> None:
    created = good(responses_background_stream, "create")
    x = step(responses_background_stream, "resume")
    if not re.of(re.seen(created), *re.ENDS):
        raise NotApplicable
    if x.status in (400, 404, 405, 501):
        raise NotApplicable("refused")
    expect(x).status(2)
    if not x.payloads:
        fail("body", "events", x.response.text[:200] if x.response else "", exchange=x)
    numbers = [re.number(e.payload.get("sequence_number")) for e in re.seen(x)]
    whole = [re.number(e.payload.get("sequence_number")) for e in re.seen(created)]
    if None in numbers or None in whole:
        raise NotApplicable
    wanted = [n for n in whole if n is not None and n > 3]
    require(numbers == wanted, "sequence_number", repr(wanted)[:200], repr(numbers)[:200])
