"""Moderations."""

from __future__ import annotations

import re
from typing import Any

from conformance.reference.call import Call
from conformance.reference.chat_messages import check_image
from conformance.reference.checks import array, by_type, fields, string, tagged
from conformance.reference.errors import missing, unknown_parameter
from conformance.reference.instructions import hashed
from conformance.reference.reply import Answer
from conformance.reference.routing import Route

CATEGORIES = {
    "harassment": r"\b(?:stupid idiot|worthless|shut up|you are pathetic|loser)",
    "harassment/threatening": r"\bi(?:'ll| will| am going to) (?:kill|hurt|beat|stab|attack) you",
    "hate": r"\b(?:hate (?:all|every|those)|inferior race|subhuman)",
    "hate/threatening": r"\b(?:kill|exterminate) (?:all|every|those)",
    "illicit": r"\b(?:how to (?:make|cook|build) (?:a bomb|meth|drugs)|shoplift|launder money)",
    "illicit/violent": r"\b(?:build|make) a (?:pipe )?bomb",
    "self-harm": r"\b(?:kill myself|suicide|cut myself|end my life|self-harm)",
    "self-harm/intent": r"\bi (?:want to|will|am going to) (?:kill myself|die|end my life)",
    "self-harm/instructions": r"\bhow (?:to|can i|do i) (?:kill myself|commit suicide)",
    "sexual": r"\b(?:porn|explicit sex|naked|erotic)",
    "sexual/minors": r"\b(?:child porn|underage sex)",
    "violence": r"\b(?:kill|murder|attack|stab|shoot|bomb|beat (?:him|her|them|you))",
    "violence/graphic": r"\b(?:gore|dismember|blood everywhere|disembowel)",
}
_PATTERNS = {name: re.compile(text, re.I) for name, text in CATEGORIES.items()}
_SEEN = {"self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "violence",
         "violence/graphic"}  # fmt: skip

_parts = array(
    by_type(
        "a string or an object",
        string=string(),
        object=tagged(
            "type",
            text=fields({"text": string()}, ("text",)),
            image_url=fields({"image_url": fields({"url": string()}, ("url",))}, ("image_url",)),
        ),
    ),
    1,
)
_input = by_type("a string or an array", string=string(1), array=_parts)
_known = ("model", "input")


def validate(call: Call, body: dict[str, Any]) -> None:
    """Refuse what OpenAI refuses."""
    for key in body:
        if key not in _known:
            raise unknown_parameter(key)
    if "input" not in body:
        raise missing("input")
    if body.get("model") is not None:
        string(1)("model", body["model"])
        call.card("moderation")
    _input("input", body["input"])
    if isinstance(body["input"], list):
        for index, part in enumerate(body["input"]):
            if isinstance(part, dict) and part["type"] == "image_url":
                check_image(part["image_url"]["url"], f"input[{index}]")


def result(text: str, image: bool = False) -> dict[str, Any]:
    """The verdict on one input."""
    categories = {name: bool(found.search(text)) for name, found in _PATTERNS.items()}
    scores = {}
    for name, hit in categories.items():
        noise = hashed(name, text) % 1000
        scores[name] = round(0.9 + noise / 11_000, 6) if hit else round((noise + 1) / 100_000, 6)
    kinds = {
        name: (["text"] if text or not image else [])
        + (["image"] if image and name in _SEEN else [])
        for name in categories
    }
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": kinds,
    }


def create(call: Call) -> Answer:
    """POST /moderations: one result for each string, one for a list of parts."""
    given = call.fields["input"]
    if isinstance(given, str):
        results = [result(given)]
    elif all(isinstance(part, str) for part in given):
        results = [result(text) for text in given]
    else:
        texts = [part if isinstance(part, str) else part.get("text", "") for part in given]
        image = any(isinstance(part, dict) and part["type"] == "image_url" for part in given)
        results = [result("\n".join(filter(None, texts)), image)]
    model = call.fields.get("model") or "omni-moderation-latest"
    return Answer({"id": call.app.new_id("modr-"), "model": model, "results": results})


ROUTES = (Route("moderations", "POST", "/moderations", create, validate, "json"),)
