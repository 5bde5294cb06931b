"""Moderations: one text, several, none of the model, text and image as parts."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.probe import Accepted, Model, post, probe
from conformance.probes.chat_media import PICTURE
from conformance.probes.errors_table import MODERATIONS, wrong
from conformance.requirement import MUST, SHOULD, field, openai

MODERATION = Model("moderation")
HARMLESS = "The library opens at nine, and the new gardening books are on the second shelf."
HARMLESS_TOO = "My grandmother bakes an apple cake with cinnamon every Sunday."
VIOLENT = "I will kill you. I am going to stab you with a knife and beat you until you are dead."
LIST = [HARMLESS, VIOLENT, HARMLESS_TOO, HARMLESS]
VIOLENT_AT = 1


def _has_results(gate: Exchange) -> bool:
    return bool(gate.json["results"])


capability("moderations", "moderations", "moderations", core=True)
capability(
    "moderations.image",
    "moderation of images",
    "moderations_image",
    within="moderations",
    took_effect=_has_results,
)


def _moderate(name: str, id: str, text: str, given: Any, *, model: bool = True,
              needs: str = "moderations", source: Any = None, tier: str = "standard",
              breaks: tuple[str, ...] = ()) -> None:  # fmt: skip
    body: dict[str, Any] = {"input": given}
    if model:
        body["model"] = MODERATION
    made = Accepted(id, MUST, text, source or openai("moderations/create input"), breaks)
    probe(name, *post("/moderations", **body), needs=needs, tier=tier, accepted=made)


_moderate(
    "moderations",
    "moderations.accepts.string",
    "The moderation of one string is answered with success.",
    HARMLESS,
    tier="smoke",
)
_moderate(
    "moderations_no_model",
    "moderations.accepts.no-model",
    "`model` may be left out.",
    HARMLESS_TOO,
    model=False,
    source=field("https://github.com/BerriAI/litellm/pull/4342"),
    breaks=("openai-python: `moderations.create(input=...)` sends no model",),
)
_moderate(
    "moderations_violent",
    "moderations.accepts.violent",
    "A text that will be flagged is answered with success, not refused.",
    VIOLENT,
    breaks=("the endpoint is of no use where it refuses what it has to judge",),
)
_moderate("moderations_list", "moderations.accepts.list", "A list of strings is accepted.", LIST)
_moderate(
    "moderations_one",
    "moderations.accepts.list-of-one",
    "A list of one string is accepted.",
    [VIOLENT],
)
_moderate(
    "moderations_image",
    "moderations.accepts.image",
    "A list of a text part and an image part is accepted.",
    [{"type": "text", "text": VIOLENT}, {"type": "image_url", "image_url": {"url": PICTURE}}],
    needs="moderations.image",
)
_moderate(
    "moderations_text_part",
    "moderations.accepts.text-part",
    "A list of one text part is accepted.",
    [{"type": "text", "text": VIOLENT}],
    needs="moderations.image",
)

wrong(
    MODERATIONS,
    "input-empty-array",
    "`input: []`",
    input=[],
    params=("input", None),
    level=SHOULD,
)
wrong(
    MODERATIONS,
    "input-numbers",
    "A list of numbers as `input`",
    input=[1, 2],
    params=("input", "input[0]", None),
)
wrong(
    MODERATIONS,
    "part-unknown",
    "A part of an unknown type",
    input=[{"type": "no_such_part"}],
    params=("input[0].type", "input[0]", "input", None),
    level=SHOULD,
)
wrong(
    MODERATIONS,
    "part-image-missing",
    "An image part without `image_url`",
    input=[{"type": "image_url"}],
    params=("input[0].image_url", "input[0]", "input", None),
    level=SHOULD,
)
