"""Faults in the verdicts of moderations: scores that say nothing, results that are mixed up."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.faults.moderations import ROUTE, listed

Json = dict[str, Any]
SCORES = "category_scores"


@fault("moderations.results.order/reversed", at="reply", route=ROUTE, when=listed,
       breaks="moderations.results.order")  # fmt: skip
def reverse(call: Call, reply: Json) -> None:
    """The results come in the opposite order."""
    reply["results"].reverse()


@fault("moderations.results.same-alone/copied", at="reply", route=ROUTE, when=listed,
       breaks="moderations.results.same-alone")  # fmt: skip
def worst(call: Call, reply: Json) -> None:
    """Every text of a list gets the verdict of the worst."""
    found = max(reply["results"], key=lambda result: result["flagged"])
    reply["results"] = [deepcopy(found) for _ in reply["results"]]


def _scores(id: str, text: str, change: Callable[[float], Any], *more: str) -> None:
    def hook(call: Call, reply: Json) -> None:
        for result in reply["results"]:
            result[SCORES] = {name: change(score) for name, score in result[SCORES].items()}

    fault(id, at="reply", route=ROUTE, text=text,
          breaks=("moderations.scores.graded", *more))(hook)  # fmt: skip


_scores("moderations.scores.graded", "Every score is 0.5.", lambda score: 0.5)
_scores("moderations.scores.graded/binary", "Scores are 0 or 1.", lambda score: float(score > 0.5))


@fault("moderations.flagged.high-score", at="reply", route=ROUTE)
def shifted(call: Call, reply: Json) -> None:
    """The scores stand under the names of the next categories."""
    for result in reply["results"]:
        names, values = list(result[SCORES]), list(result[SCORES].values())
        result[SCORES] = dict(zip(names, values[1:] + values[:1], strict=True))


@fault("moderations.model.echo", at="reply", route=ROUTE)
def constant_model(call: Call, reply: Json) -> None:
    """`model` is always that of OpenAI's example."""
    reply["model"] = "text-moderation-007"


@fault("models.list.has-chat-model/empty", at="reply", route="models.list",
       breaks="models.list.has-chat-model")  # fmt: skip
def no_models(call: Call, reply: Json) -> None:
    """The list of models is empty."""
    reply["data"] = []
