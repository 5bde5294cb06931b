"""Images: real pictures, as many as were asked for."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from conformance.cases._objects import rule, step, words
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, Case, openai, openapi, requirement
from conformance.select import Selector

NEEDS = "images"
CASES: list[Case] = []
SEEN = ["openai-python images.generate(): there is no picture to show"]
IMAGES = Selector(
    "images",
    lambda x: x.ok and x.request.method == "POST" and not x.is_sse
    and re.fullmatch(r"/images/(generations|edits|variations)", x.endpoint) is not None,
)  # fmt: skip
PICTURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP", re.S)


def data_of(x: Exchange) -> list[Any]:
    body = x.json
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list):
        fail("data", "a list", data)
    return data


@requirement(
    "images.count",
    MUST,
    "There are as many images as `n` says, one without it.",
    source=openai("images/create n"),
    needs=NEEDS,
    over=IMAGES,
    breaks=SEEN,
)
def test_count(x: Exchange) -> None:
    if x.request.json is None and not x.endpoint.endswith("generations"):
        raise NotApplicable
    wanted, found = x.sent.get("n") or 1, len(data_of(x))
    require(found == wanted, "data", f"{wanted} images", f"{found}")


@requirement(
    "images.one-form",
    MUST,
    "Each image has either an address or its bytes in base64.",
    source=openapi("Image"),
    needs=NEEDS,
    over=IMAGES,
    breaks=SEEN,
)
def test_form(x: Exchange) -> None:
    for one in data_of(x):
        image = one if isinstance(one, dict) else {}
        found = [name for name in ("url", "b64_json") if isinstance(image.get(name), str)]
        require(len(found) >= 1, "data[0]", "url or b64_json", sorted(image))


@requirement(
    "images.picture",
    MUST,
    "The bytes of an image are a PNG, JPEG or WebP.",
    source=openapi("Image b64_json"),
    needs=NEEDS,
    over=IMAGES,
    breaks=SEEN,
)
def test_picture(x: Exchange) -> None:
    texts = [one.get("b64_json") for one in data_of(x) if isinstance(one, dict)]
    judged = [text for text in texts if isinstance(text, str)]
    if not judged:
        raise NotApplicable
    for text in judged:
        try:
            data = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            fail("data[0].b64_json", "base64", text[:80])
        require(
            PICTURE.match(data) is not None,
            "data[0].b64_json",
            "a PNG, JPEG or WebP",
            repr(data[:16]),
        )


@requirement(
    "images.usage",
    MUST,
    "Where images have `usage`, its parts make up the total.",
    source=openapi("ImageGenUsage"),
    needs=NEEDS,
    over=IMAGES,
    breaks=["cost accounting"],
)
def test_usage(x: Exchange) -> None:
    body = x.json
    usage = body.get("usage") if isinstance(body, dict) else None
    if usage is None:
        raise NotApplicable
    parts = usage if isinstance(usage, dict) else {}
    found = [parts.get(f"{name}_tokens") for name in ("input", "output", "total")]
    numbers = [n for n in found if isinstance(n, int)]
    holds = len(numbers) == 3 and numbers[0] + numbers[1] == numbers[2]
    require(holds, "usage", "input_tokens + output_tokens = total_tokens", usage)


def _refused(steps: Steps, name: str) -> None:
    found = step(steps, name)
    if found.status in (404, 405, 501):
        raise NotApplicable("there are no images here")
    require(400 <= found.status < 500, "status", "4xx", words(found))


for _slug, _text in (
    ("bad-size", "An impossible size is refused."),
    ("bad-number", "No image at all (`n: 0`) is refused."),
):
    rule(CASES, __name__, f"images.refuses.{_slug}", _text,
         lambda steps, name=_slug: _refused(steps, name), probes=("images_wrong",), needs=NEEDS,
         source=openai("images/create"))  # fmt: skip
for _slug, _text in (
    ("no-image", "An edit without an image is refused."),
    ("no-picture", "An edit of what is no picture is refused."),
):
    rule(CASES, __name__, f"images.edits.refuses.{_slug}", _text,
         lambda steps, name=_slug: _refused(steps, name), probes=("image_edit_wrong",),
         needs="images.edits", source=openai("images/createEdit"))  # fmt: skip
