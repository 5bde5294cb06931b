"""Images: made only in a full run, because they cost money; wrong requests cost nothing."""

from __future__ import annotations

from conformance.capability import capability
from conformance.probe import Accepted, Model, probe, scenario
from conformance.requirement import MUST, openai
from conformance.session import Session

PATH = "/images/generations"
PROMPT = "A red square on a white ground."

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


@scenario("images_wrong", needs="images", cost=4)
async def _wrong(s: Session) -> None:
    """Images that cannot be made; refused before anything is paid for."""
    body = {"model": s.model("image"), "prompt": PROMPT}
    for step, sent in (
        ("bad-size", {**body, "size": "7x7"}),
        ("bad-number", {**body, "n": 0}),
    ):
        await s.send(step, "POST", PATH, json=sent, retry=False)
