"""Whatever the order: a walk over threads and runs breaks nothing and loses nothing."""

from __future__ import annotations

from typing import Any

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail
from conformance.requirement import MUST, openai, requirement, suite

ORDER = {"queued": 0, "in_progress": 1, "requires_action": 2, "cancelling": 3}
"""States by how far a run has come; what is not here has ended."""
ENDED = ("completed", "failed", "cancelled", "expired", "incomplete")


def _walked(steps: Steps) -> list[tuple[Exchange, dict[str, Any]]]:
    """The answered steps with what each is about, in their order."""
    found = []
    for x in steps:
        if x.status == 429:
            raise Inconclusive("the answer was 429", owner="quota")
        said = x.context.get("walk")
        if isinstance(said, dict):
            found.append((x, said))
    if not any(x.ok and said.get("do") == "run" for x, said in found):
        raise NotApplicable("no run could be begun")
    return found


def _object(x: Exchange) -> dict[str, Any]:
    body = x.json
    return body if x.ok and isinstance(body, dict) else {}


@requirement(
    "fuzz.stored.runs.answered",
    MUST,
    "In any order of requests over threads and runs, each is answered, and not with a 5xx.",
    source=suite("a request is no reason to fail"),
    needs="assistants",
    any_status=True,
    breaks=["a client that writes, cancels or deletes in the middle of a run tries for ever"],
)
def test_answered(fuzz_stored_runs: Steps) -> None:
    for x, said in _walked(fuzz_stored_runs):
        if x.failure is not None and x.failure.kind in ("connect", "tls", "budget"):
            raise Inconclusive(x.failure.message, owner="network")
        if x.response is None or x.status >= 500:
            told = x.failure.message if x.failure else x.status
            fail(f"{x.step}: status", f"an answer to {said['do']}", told, exchange=x)


@requirement(
    "fuzz.stored.runs.forward",
    MUST,
    "In any order of requests, a run goes forward, and stays as it ended.",
    source=openai("assistants/deep-dive"),
    needs="assistants",
    any_status=True,
    breaks=["clients that poll: they wait for a run that had ended, or act twice"],
)
def test_forward(fuzz_stored_runs: Steps) -> None:
    before: dict[str, str] = {}
    for x, said in _walked(fuzz_stored_runs):
        body = _object(x)
        id, status = body.get("id"), body.get("status")
        if said.get("do") not in ("run", "look", "wait", "cancel") or not isinstance(status, str):
            continue
        earlier = before.get(str(id))
        if earlier in ENDED and status != earlier:
            fail(f"{x.step}: status", f"{earlier}, as it ended", status, exchange=x)
        if earlier in ORDER and ORDER.get(status, len(ORDER)) < ORDER[earlier]:
            fail(f"{x.step}: status", f"no way back from {earlier}", status, exchange=x)
        before[str(id)] = status


@requirement(
    "fuzz.stored.runs.gone",
    MUST,
    "A thread that was deleted in mid-run is not found, nor its run, steps and messages.",
    source=openai("threads/deleteThread"),
    needs="assistants",
    any_status=True,
    breaks=["clients that delete a conversation: its content is still given out"],
)
def test_gone(fuzz_stored_runs: Steps) -> None:
    deleted: set[Any] = set()
    late = 0
    for x, said in _walked(fuzz_stored_runs):
        if said.get("do") == "drop" and x.ok:
            deleted.add(said.get("thread"))
        elif said.get("alive") is False and said.get("thread") in deleted:
            late += 1
            if x.ok:
                fail(f"{x.step}: status", "404: its thread was deleted", x.status, exchange=x)
    if not late:
        raise NotApplicable("no thread could be deleted")


@requirement(
    "fuzz.stored.runs.messages",
    MUST,
    "In any order of requests, a thread lists the messages written to it and not deleted.",
    source=openai("messages/listMessages"),
    needs="assistants",
    any_status=True,
    breaks=["clients that show a conversation: turns are missing, or come back"],
)
def test_messages(fuzz_stored_runs: Steps) -> None:
    written: dict[Any, set[str]] = {}
    deleted: set[Any] = set()
    seen = 0
    for x, said in _walked(fuzz_stored_runs):
        thread, body = said.get("thread"), _object(x)
        if said.get("do") == "message" and isinstance(body.get("id"), str):
            written.setdefault(thread, set()).add(body["id"])
        elif said.get("do") == "forget" and x.ok:
            deleted.add(said.get("message"))
            written.get(thread, set()).discard(str(said.get("message")))
        elif said.get("do") == "messages" and isinstance(body.get("data"), list):
            seen += 1
            listed = {m.get("id") for m in body["data"] if isinstance(m, dict)}
            lost = sorted(written.get(thread, set()) - listed)
            if lost and not body.get("has_more"):
                fail(f"{x.step}: data", f"{', '.join(lost)} among them", sorted(map(str, listed)),
                     exchange=x)  # fmt: skip
            back = sorted(map(str, deleted & listed))
            if back:
                fail(f"{x.step}: data", f"not {', '.join(back)}, deleted before",
                     sorted(map(str, listed)), exchange=x)  # fmt: skip
    if not seen:
        raise NotApplicable("no messages could be listed")
