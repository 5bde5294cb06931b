"""The table of wrong requests: one row for each way to be wrong at each route.

A row is a probe and the requirement that it is refused as OpenAI refuses it. Each request has one
defect and is otherwise the route's smallest valid one, so that only the defect can be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.probe import CHAT_MODEL, Model, probe, user
from conformance.requirement import MUST, Level, Source, openai

PATIENCE = 30.0
"""Seconds in which a refusal has to come: nothing is computed for it, but it may have to queue."""

HELLO = "Answer with the single word hello."
RANGE = ("unsupported_value", "unsupported_parameter", "invalid_value")
"""Codes that a model which takes no such parameter gives instead."""


@dataclass(frozen=True)
class Way:
    """A route with its smallest valid request."""

    name: str
    path: str
    base: Mapping[str, Any]
    page: str
    needs: str = ""


@dataclass(frozen=True)
class Wrong:
    """One row.

    ``params``: paths that ``param`` may name, None among them where OpenAI leaves it null; empty:
    any. ``codes``: the same for ``code``. ``strict``: the code is established beyond doubt.
    ``field``: the defective top-level field. ``repaired``: a valid body for the same route.
    """

    id: str
    probe: str
    level: Level
    text: str
    source: Source
    statuses: tuple[int, ...]
    route: str
    needs: str = ""
    params: tuple[str | None, ...] = ()
    codes: tuple[str | None, ...] = ()
    strict: bool = False
    repaired: Mapping[str, Any] = field(default_factory=dict)


TABLE: dict[str, Wrong] = {}
"""Rows by the name of their probe."""

CHAT = Way("chat", "/chat/completions", {"model": CHAT_MODEL, "messages": [user(HELLO)]},
           "chat/create", "chat")  # fmt: skip
COMPLETIONS = Way(
    "completions",
    "/completions",
    {"model": Model("completion"), "prompt": HELLO, "max_tokens": 4},
    "completions/create",
    "completions",
)
EMBEDDINGS = Way(
    "embeddings",
    "/embeddings",
    {"model": Model("embedding"), "input": HELLO},
    "embeddings/create",
    "embeddings",
)
MODERATIONS = Way(
    "moderations",
    "/moderations",
    {"model": Model("moderation"), "input": HELLO},
    "moderations/create",
    "moderations",
)
RESPONSES = Way(
    "responses",
    "/responses",
    {"model": CHAT_MODEL, "input": HELLO, "store": False},
    "responses/create",
    "responses",
)


def row(wrong: Wrong, method: str, path: str, body: Any, **options: Any) -> None:
    """Enter a row and its probe."""
    TABLE[wrong.probe] = wrong
    options.setdefault("timeout", PATIENCE)
    probe(wrong.probe, method, path, body, needs=wrong.needs, valid=False, **options)


def wrong(
    way: Way,
    word: str,
    text: str,
    body: Any = None,
    /,
    *,
    level: Level = MUST,
    statuses: Iterable[int] = (400,),
    params: Iterable[str | None] = (),
    codes: Iterable[str | None] = (),
    strict: bool = False,
    needs: str = "",
    source: Source | None = None,
    drop: str = "",
    headers: Mapping[str, str] | None = None,
    name: str = "",
    late: bool = False,
    **changes: Any,
) -> None:
    """A POST with one defect: ``changes`` to the base, a field to ``drop``, or a whole ``body``.

    ``text`` is what is wrong, as the beginning of the sentence. ``late``: some servers do not
    recover from it, so it is sent last.
    """
    if body is None:
        body = {k: v for k, v in {**way.base, **changes}.items() if k != drop}
    sent = dict(headers or {})
    if isinstance(body, bytes) and "content-type" not in sent:
        sent["content-type"] = "application/json"
    stream = {"stream": True} if isinstance(body, dict) and body.get("stream") is True else {}
    statuses = tuple(statuses)
    shown = " or ".join(map(str, statuses))
    id = f"errors.{way.name}.{word}"
    row(
        Wrong(
            id,
            name or id.replace(".", "_").replace("-", "_"),
            level,
            f"{text} is refused with {shown}.",
            source or openai(way.page),
            statuses,
            way.name,
            needs or way.needs,
            tuple(params),
            tuple(codes),
            strict,
            {**way.base, **stream},
        ),
        "POST",
        way.path,
        body,
        headers=sent,
        late=late,
    )


def mistyped(way: Way, key: str, value: Any, kind: str, **more: Any) -> None:
    """A field of the wrong JSON type."""
    wrong(
        way,
        f"{key.replace('_', '-')}-type",
        f"`{key}` that is {kind}",
        params=more.pop("params", (key,)),
        codes=("invalid_type", *RANGE),
        **{key: value, **more},
    )


def outside(way: Way, key: str, value: Any, side: str, **more: Any) -> None:
    """A number outside its range; ``side`` is below or above."""
    kind = "decimal" if key in DECIMALS else "integer"
    code = f"{kind}_{side}_{'min' if side == 'below' else 'max'}_value"
    wrong(
        way,
        f"{key.replace('_', '-')}-{side}",
        f"`{key}` {side} its range ({value})",
        params=more.pop("params", (key,)),
        codes=(code, *more.pop("codes", ()), *RANGE),
        **{key: value, **more},
    )


DECIMALS = ("temperature", "top_p", "presence_penalty", "frequency_penalty")


def unreadable(way: Way) -> None:
    """The bodies that are no JSON object."""
    bodies = {
        "invalid-json": (b'{"model": "x", ', "A body that is not JSON"),
        "empty-body": (b"", "An empty body"),
        "null-body": (b"null", "The body `null`"),
        "array-body": (b"[]", "The body `[]`"),
    }
    for word, (data, text) in bodies.items():
        wrong(way, word, text, data)
