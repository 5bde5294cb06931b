"""Batches: states, counts, one answer for each request, errors where they belong."""

from __future__ import annotations

import itertools
from typing import Any

from conformance.cases._objects import (
    gone,
    good,
    ids,
    list_rules,
    own,
    refused,
    same,
    served,
    step,
    words,
)
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, require
from conformance.probes.batches import ENDED, ENDPOINT
from conformance.requirement import MUST, SHOULD, Case, openai, openapi, requirement
from conformance.select import Selector

NEEDS = "batches"
CASES: list[Case] = []
READERS = ["readers of results: requests are lost, or failures counted as successes"]
STATES = ("validating", "in_progress", "finalizing", "completed", "failed", "expired",
          "cancelling", "cancelled")  # fmt: skip
_RANK = {"validating": 0, "in_progress": 1, "finalizing": 2, "cancelling": 3,
         **dict.fromkeys(ENDED, 4)}  # fmt: skip
BATCHES = Selector("batches", lambda x: x.ok and x.endpoint.startswith("/batches"))

list_rules(CASES, __name__, "batches", "batches", probe="batch_use", needs=NEEDS,
           source=openai("batch/list"), order=False)  # fmt: skip


def batches_of(x: Exchange) -> list[dict[str, Any]]:
    """The batch of an answer, or the batches of a list."""
    body = x.json
    if not isinstance(body, dict):
        raise NotApplicable
    data = body.get("data")
    found = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else [body]
    if not found:
        raise NotApplicable
    return found


@requirement(
    "batches.status",
    MUST,
    "The status of a batch is one of the documented words.",
    source=openapi("Batch status"),
    needs=NEEDS,
    over=BATCHES,
    breaks=["openai-python: a poller waits for ever"],
)
def test_status(x: Exchange) -> None:
    for batch in batches_of(x):
        require(batch.get("status") in STATES, "status", STATES, batch.get("status"))


@requirement(
    "batches.counts",
    MUST,
    "`request_counts` has total, completed and failed, and no more are done than there are.",
    source=openapi("Batch request_counts"),
    needs=NEEDS,
    over=BATCHES,
    breaks=READERS,
)
def test_counts(x: Exchange) -> None:
    judged = 0
    for batch in batches_of(x):
        counts = batch.get("request_counts")
        if counts is None and batch.get("status") in ("validating", "cancelled", "cancelling"):
            continue
        judged += 1
        parts = counts if isinstance(counts, dict) else {}
        found = [parts.get(name) for name in ("total", "completed", "failed")]
        numbers = [n for n in found if isinstance(n, int) and not isinstance(n, bool) and n >= 0]
        holds = len(numbers) == 3 and numbers[1] + numbers[2] <= numbers[0]
        require(holds, "request_counts", "completed + failed <= total", counts)
    if not judged:
        raise NotApplicable


@requirement(
    "batches.times",
    MUST,
    "A batch that ended has the time of its end, and no time of an end that it did not come to.",
    source=openapi("Batch completed_at"),
    needs=NEEDS,
    over=BATCHES,
)
def test_times(x: Exchange) -> None:
    for batch in batches_of(x):
        status, start = batch.get("status"), batch.get("created_at")
        for state in ENDED:
            when = batch.get(f"{state}_at")
            if state != status:
                require(when is None, f"{state}_at", f"null, the batch is {status}", when)
                continue
            require(isinstance(when, int | float), f"{state}_at", "the time", when)
            if isinstance(when, int | float) and isinstance(start, int | float):
                require(when >= start, f"{state}_at", f"{start} or later", when)


@requirement(
    "batches.create.accepted",
    MUST,
    "A batch is made of an uploaded file.",
    source=openai("batch/create"),
    needs=NEEDS,
    any_status=True,
    breaks=READERS,
)
def test_create(batch_use: Steps) -> None:
    served(batch_use, "made-1")


@requirement(
    "batches.create.echo",
    MUST,
    "A new batch has the file, the endpoint, the window and the metadata that were sent.",
    source=openai("batch/create"),
    needs=NEEDS,
    any_status=True,
)
def test_echo(batch_use: Steps) -> None:
    body = good(batch_use, "made-1")
    for name, wanted in (
        ("input_file_id", own(batch_use, "input")),
        ("endpoint", ENDPOINT),
        ("completion_window", "24h"),
        ("metadata", {"suite": "conformance"}),
    ):
        require(body.get(name) == wanted, name, str(wanted), body.get(name))


@requirement(
    "batches.create.status",
    MUST,
    "A new batch is `validating` (or already further on).",
    source=openai("batch/create"),
    needs=NEEDS,
    any_status=True,
)
def test_new_status(batch_use: Steps) -> None:
    found = good(batch_use, "made-1").get("status")
    require(found in STATES[:4], "status", "validating", found)


@requirement(
    "batches.retrieve.same",
    MUST,
    "A retrieved batch is the one that was made.",
    source=openai("batch/retrieve"),
    needs=NEEDS,
    any_status=True,
)
def test_retrieve(batch_use: Steps) -> None:
    served(batch_use, "retrieve")
    same(
        batch_use,
        "made-1",
        "retrieve",
        ("id", "object", "created_at", "endpoint", "input_file_id", "metadata"),
    )


@requirement(
    "batches.forward",
    MUST,
    "The status of a batch never goes back.",
    source=openai("guides/batch"),
    needs=NEEDS,
    any_status=True,
)
def test_forward(batch_use: Steps) -> None:
    seen = [
        x.json.get("status")
        for x in batch_use
        if x.step in ("made-1", "early", "retrieve", "poll") and x.ok and isinstance(x.json, dict)
    ]
    ranks = [_RANK[s] for s in seen if s in _RANK]
    if not ranks:
        raise NotApplicable
    for before, now in itertools.pairwise(ranks):
        require(now >= before, "status", "never back", seen)


def ended(steps: Steps) -> dict[str, Any]:
    body = good(steps, "poll")
    status = body.get("status")
    if status not in ENDED:
        raise Inconclusive(f"the batch is still {status}", owner="suite")
    return body


@requirement(
    "batches.completes",
    MUST,
    "A batch with good and bad requests is completed: its counts say how many of each.",
    source=openai("batch/object"),
    needs=NEEDS,
    any_status=True,
    breaks=READERS,
)
def test_completes(batch_use: Steps) -> None:
    body = ended(batch_use)
    require(
        body.get("status") == "completed",
        "status",
        "completed",
        f"{body.get('status')} {body.get('errors') or ''}",
    )
    counts = body.get("request_counts")
    wanted = {"total": 3, "completed": 2, "failed": 1}
    parts = counts if isinstance(counts, dict) else {}
    require(
        {name: parts.get(name) for name in wanted} == wanted, "request_counts", str(wanted), counts
    )


@requirement(
    "batches.cancel.accepted",
    MUST,
    "A batch is cancelled: it is `cancelling`.",
    source=openai("batch/cancel"),
    needs=NEEDS,
    any_status=True,
)
def test_cancel(batch_use: Steps) -> None:
    if step(batch_use, "cancel").status in (400, 409):
        raise Inconclusive("the batch had ended before", owner="suite")
    served(batch_use, "cancel")
    body = good(batch_use, "cancel")
    if body.get("status") in ("completed", "failed", "expired"):
        raise Inconclusive("the batch had ended before", owner="suite")
    require(
        body.get("id") == own(batch_use, "made-2"), "id", own(batch_use, "made-2"), body.get("id")
    )
    require(
        body.get("status") in ("cancelling", "cancelled"),
        "status",
        "cancelling",
        body.get("status"),
    )


@requirement(
    "batches.cancel.ends",
    MUST,
    "A cancelled batch ends as `cancelled`.",
    source=openai("batch/cancel"),
    needs=NEEDS,
    any_status=True,
)
def test_cancelled(batch_use: Steps) -> None:
    if not step(batch_use, "cancel").ok:
        raise NotApplicable
    if good(batch_use, "cancel").get("status") not in ("cancelling", "cancelled"):
        raise NotApplicable("it was not cancelled")
    status = good(batch_use, "cancelled").get("status")
    if status == "cancelling":
        raise Inconclusive("the batch is still cancelling", owner="suite")
    require(status == "cancelled", "status", "cancelled", status)


@requirement(
    "batches.cancel.late",
    MUST,
    "A batch that is completed cannot be cancelled.",
    source=openai("batch/cancel"),
    needs=NEEDS,
    any_status=True,
)
def test_late(batch_use: Steps) -> None:
    refused(batch_use, "late-cancel")


@requirement(
    "batches.unknown.retrieve",
    MUST,
    "An unknown batch is answered 404.",
    source=openai("batch/retrieve"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown(batch_use: Steps) -> None:
    gone(batch_use, "unknown")


@requirement(
    "batches.unknown.cancel",
    MUST,
    "Cancelling an unknown batch is answered 404.",
    source=openai("batch/cancel"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown_cancel(batch_use: Steps) -> None:
    gone(batch_use, "unknown-cancel")


@requirement(
    "batches.create.unknown-file",
    SHOULD,
    "A batch of an unknown file is refused.",
    source=openai("batch/create"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown_file(batch_wrong: Steps) -> None:
    refused(batch_wrong, "unknown-file")


@requirement(
    "batches.create.endpoint",
    MUST,
    "A batch for an unknown endpoint is refused.",
    source=openai("batch/create endpoint"),
    needs=NEEDS,
    any_status=True,
)
def test_endpoint(batch_wrong: Steps) -> None:
    refused(batch_wrong, "endpoint", statuses=(400, 422))


@requirement(
    "batches.create.window",
    SHOULD,
    "A completion window other than 24h is refused.",
    source=openai("batch/create completion_window"),
    needs=NEEDS,
    any_status=True,
)
def test_window(batch_wrong: Steps) -> None:
    refused(batch_wrong, "window", statuses=(400, 422))


@requirement(
    "batches.create.broken-file",
    MUST,
    "A batch of a file that is not JSON lines fails, and says why in `errors.data`.",
    source=openai("batch/object errors"),
    needs=NEEDS,
    any_status=True,
)
def test_broken(batch_wrong: Steps) -> None:
    made = step(batch_wrong, "made")
    if 400 <= made.status < 500:
        return
    served(batch_wrong, "made")
    body = ended(batch_wrong)
    require(body.get("status") == "failed", "status", "failed", body.get("status"))
    errors = body.get("errors")
    data = errors.get("data") if isinstance(errors, dict) else None
    require(isinstance(data, list) and bool(data), "errors.data", "the reasons", errors)


@requirement(
    "batches.private",
    MUST,
    "Another account can neither read nor list nor cancel one's batch.",
    source=openai("batch"),
    needs=NEEDS,
    any_status=True,
    breaks=["everybody: data of one customer reaches another"],
)
def test_private(batch_other_key: Steps) -> None:
    mine = own(batch_other_key, "create")
    for name in ("get", "cancel"):
        found = step(batch_other_key, name)
        require(found.status in (401, 403, 404), "status", "404", words(found))
    if step(batch_other_key, "list").ok:
        found_ids = ids(batch_other_key, "list")
        require(mine not in found_ids, "data", f"without {mine}", found_ids[:5])
