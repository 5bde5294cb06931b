"""Whatever the order: what is stored is there, as it was changed last, until it is deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail
from conformance.probes.fuzz import STORED
from conformance.requirement import MUST, Case, Requirement, openai

_PAGES = {"files": "files", "threads": "threads", "conversations": "conversations",
          "responses": "responses"}  # fmt: skip


_WITHOUT = ("file", "response")
"""What some keep without giving out its content, or the items that it was made from."""


def _walked(steps: Steps) -> list[tuple[Exchange, dict[str, Any]]]:
    """The steps that were answered, with what each must show."""
    found = []
    for x in steps:
        if x.status == 429:
            raise Inconclusive("the answer was 429", owner="quota")
        said = x.context.get("walk")
        if isinstance(said, dict) and x.response is not None:
            found.append((x, said))
    if not found or not found[0][0].ok:
        raise NotApplicable("nothing could be created")
    return found


def _there(x: Exchange, noun: str) -> dict[str, Any]:
    where = f"{x.step}: status"
    if not x.ok:
        fail(where, f"200: the {noun} is there", x.status, exchange=x)
    body = x.json
    return body if isinstance(body, dict) else {}


def alive(noun: str) -> Callable[[Steps], None]:
    """What was created and not deleted is found under its id."""

    def judge(steps: Steps) -> None:
        for x, said in _walked(steps):
            if said.get("do") == "create" or not said.get("alive"):
                continue
            if said.get("do") == "inside":
                # that there is nothing of the kind, or that it is not given out, is no loss
                if x.status >= 500 or (x.status == 404 and noun not in _WITHOUT):
                    fail(f"{x.step}: status", f"what is in the {noun}", x.status, exchange=x)
                continue
            body = _there(x, noun)
            if body.get("id") != said.get("id"):
                fail(f"{x.step}: id", str(said.get("id")), body.get("id"), exchange=x)

    return judge


def deleted(noun: str) -> Callable[[Steps], None]:
    """What was deleted is found no more; what a second deletion is answered is left open."""

    def judge(steps: Steps) -> None:
        # the items of a conversation outlive it, as its page says
        asked = ("retrieve",) if noun == "conversation" else ("retrieve", "inside")
        late = [
            x
            for x, said in _walked(steps)
            if said.get("alive") is False and said.get("do") in asked
        ]
        if not late:
            raise NotApplicable(f"no {noun} was asked for after its deletion")
        for x in late:
            if x.status not in (404, 410):
                fail(f"{x.step}: status", f"404: the {noun} was deleted", x.status, exchange=x)

    return judge


def latest(noun: str) -> Callable[[Steps], None]:
    """What it shows is what was written last."""

    def judge(steps: Steps) -> None:
        seen = 0
        for x, said in _walked(steps):
            body = x.json
            held = body.get("metadata") if isinstance(body, dict) else None
            if not x.ok or said.get("do") in ("delete", "inside") or not isinstance(held, dict):
                continue
            seen += 1
            if held.get("walk") != said.get("value"):
                fail(f"{x.step}: metadata.walk", str(said.get("value")), held.get("walk"),
                     exchange=x)  # fmt: skip
        if not seen:
            raise NotApplicable(f"a {noun} has no metadata here")

    return judge


def _cases(name: str, needs: str) -> list[Case]:
    noun = name.removesuffix("s")
    rows = [
        ("alive", f"In any order of requests, a {noun} is found until it is deleted.",
         alive(noun)),
        ("deleted", f"In any order of requests, a deleted {noun} is not found.", deleted(noun)),
    ]  # fmt: skip
    if name != "files":
        rows.append(
            ("latest", f"In any order of requests, a {noun} shows what was written last.",
             latest(noun))
        )  # fmt: skip
    return [
        Case(
            Requirement(f"fuzz.stored.{name}.{word}", MUST, text, openai(_PAGES[name]), needs,
                        ("clients that keep an id: they find another object, or none",)),
            judge,
            probes=(f"fuzz_stored_{name}",),
            any_status=True,
            module=__name__,
        )
        for word, text, judge in rows
    ]  # fmt: skip


CASES = [case for name, needs in STORED.items() for case in _cases(name, needs)]
