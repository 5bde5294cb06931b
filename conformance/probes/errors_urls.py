"""Addresses and methods that are not there, large bodies, images that cannot be read."""

from __future__ import annotations

import base64
import json
from typing import Any

from conformance.probe import Context, probe, user
from conformance.probes.errors_table import CHAT, HELLO, Wrong, row, wrong
from conformance.requirement import MAY, MUST, Level, field, openai


def _row(
    word: str,
    text: str,
    method: str,
    path: str,
    statuses: tuple[int, ...],
    body: Any = None,
    *,
    level: Level = MUST,
    needs: str = "",
    codes: tuple[str | None, ...] = (),
    params: tuple[str | None, ...] = (),
    **options: Any,
) -> None:
    shown = " or ".join(map(str, statuses))
    id = f"errors.{word}"
    row(
        Wrong(
            id,
            id.replace(".", "_").replace("-", "_"),
            level,
            f"{text} is answered with {shown}.",
            openai("debugging-requests"),
            statuses,
            "urls",
            needs,
            params,
            codes,
        ),
        method,
        path,
        body,
        **options,
    )


_BODY = {"messages": [user(HELLO)]}

_row("url.get", "A GET of an unknown path", "GET", "/definitely-not-a-route", (404,))
_row("url.post", "A POST to an unknown path", "POST", "/definitely-not-a-route", (404,), _BODY)
_row("url.typo", "A POST to a misspelt path", "POST", "/chat/completion", (404,), _BODY)
_row("url.deep", "A POST below a known path", "POST", "/chat/completions/of/mine", (404,), _BODY)
_row(
    "url.browser",
    "A browser's GET of an unknown path",
    "GET",
    "/no-such-page.html",
    (404,),
    headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
)
_row(
    "model-url",
    "GET of a model that does not exist",
    "GET",
    "/models/{unknown}",
    (404,),
    needs="models",
    codes=("model_not_found",),
    params=("model", None),
)
_row("method.put", "PUT on a path for POST", "PUT", "/chat/completions", (404, 405), _BODY)
_row("method.delete", "DELETE on a path for POST", "DELETE", "/chat/completions", (404, 405))
_row("method.patch", "PATCH on a path for POST", "PATCH", "/chat/completions", (404, 405), _BODY)
_row("method.get", "GET on a path for POST", "GET", "/embeddings", (404, 405))
_row("method.post", "POST on a path for GET", "POST", "/models", (404, 405), {})

SIZE = 1_500_000
"""About what a photograph is as base64."""


def _large(c: Context) -> bytes:
    """A valid request of 1.5 MB, most of it white space, which costs no tokens."""
    body = {**CHAT.base, "model": c.model("chat"), "max_tokens": 8}
    text = json.dumps(body)
    return (text[:-1] + " " * (SIZE - len(text)) + "}").encode()


probe(
    "errors_large_body",
    "POST",
    "/chat/completions",
    _large,
    needs="chat",
    headers={"content-type": "application/json"},
    valid=False,
    timeout=30.0,
)


def unversioned(session: Any, path: str) -> str | None:
    """The address of a path beside ``/v1``; None where the base URL has no such end."""
    base = session.target.base_url.rstrip("/")
    return base[: -len("/v1")] + path if base.endswith("/v1") else None


def image(url: str) -> list[dict[str, Any]]:
    """The messages of a question about an image."""
    parts = [{"type": "text", "text": HELLO}, {"type": "image_url", "image_url": {"url": url}}]
    return [{"role": "user", "content": parts}]


_IMAGES = {
    "unreachable": ("https://127.0.0.1:1/x.png", "An image address that cannot be reached"),
    "no-address": ("not an address", "An image address that is none"),
    "no-image": ("data:image/png;base64,AAAA", "Base64 data that is no image"),
    "no-base64": ("data:image/png;base64,@@@@", "Image data that is not base64"),
    "truncated": (
        "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(),
        "An image that breaks off after its signature",
    ),
    "empty": ("", "An empty image address"),
}
for _word, (_url, _text) in _IMAGES.items():
    wrong(
        CHAT,
        f"image.{_word}",
        _text,
        needs="chat.vision",
        level=MAY if _word in ("truncated", "empty") else MUST,
        messages=image(_url),
        source=field("https://github.com/vllm-project/vllm/issues/21254"),
    )
