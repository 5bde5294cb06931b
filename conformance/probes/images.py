"""Images: made only in a full run, because they cost money; wrong requests cost nothing."""

from __future__ import annotations

from conformance.capability import capability
from conformance.objects import Part, form, png
from conformance.probe import Accepted, Model, probe, scenario
from conformance.requirement import MUST, openai
from conformance.session import Session

PATH, EDITS = "/images/generations", "/images/edits"
PROMPT = "A red square on a white ground."

PICTURE = png(256, 256, (255, 0, 0))

capability("images", "images", "image")

probe(
    "image",
    "POST",
    PATH,
    {"model": Model("image"), "prompt": PROMPT, "n": 1, "size": "1024x1024"},
    needs="images",
    tier="full",
    timeout=180,
    accepted=Accepted(
        "images.accepts.basic", MUST, "An image is generated.", openai("images/create"),
        ("openai-python images.generate()",),
    ),
)  # fmt: skip


capability("images.edits", "edited images", "image_edit", within="images")


@scenario(
    "image_edit",
    needs="images.edits",
    cost=1,
    tier="full",
    claimed=True,
    accepted=Accepted(
        "images.edits.accepts.basic", MUST, "An image is edited.", openai("images/createEdit"),
        ("openai-python images.edit()",),
    ),
)  # fmt: skip
async def _edit(s: Session) -> None:
    """A red square becomes another."""
    fields = [Part("model", s.model("image")), Part("prompt", "Make it blue."), Part("n", "1")]
    picture = Part("image", PICTURE, "red.png", "image/png")
    await s.send("edit", "POST", EDITS, timeout=180, **form(*fields, picture))


@scenario("image_edit_wrong", needs="images.edits", cost=2, claimed=True)
async def _edit_wrong(s: Session) -> None:
    """Edits of nothing; refused before anything is paid for."""
    model, prompt = Part("model", s.model("image")), Part("prompt", "Make it blue.")
    await s.send("no-image", "POST", EDITS, retry=False, **form(model, prompt))
    text = Part("image", b"this is no picture", "red.png", "image/png")
    await s.send("no-picture", "POST", EDITS, retry=False, **form(model, prompt, text))


@scenario("images_wrong", needs="images", cost=4)
async def _wrong(s: Session) -> None:
    """Images that cannot be made; refused before anything is paid for."""
    body = {"model": s.model("image"), "prompt": PROMPT}
    for step, sent in (
        ("bad-size", {**body, "size": "7x7"}),
        ("bad-number", {**body, "n": 0}),
    ):
        await s.send(step, "POST", PATH, json=sent, retry=False)
