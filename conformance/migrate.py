"""A user's own recorded calls of OpenAI's API, made ready to be sent to another provider.

Only what is known to be harmless of a recorded request goes on: its body, and headers and query
parameters that the API itself defines. The key of the recording never does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from conformance.exchange import Exchange

CALLS: Mapping[str, frozenset[str]] = {
    "/chat/completions": frozenset({"POST", "GET"}),
    "/completions": frozenset({"POST"}),
    "/embeddings": frozenset({"POST"}),
    "/moderations": frozenset({"POST"}),
    "/models": frozenset({"GET"}),
    "/models/{id}": frozenset({"GET"}),
    "/responses": frozenset({"POST"}),
    "/images/generations": frozenset({"POST"}),
    "/audio/speech": frozenset({"POST"}),
    "/audio/transcriptions": frozenset({"POST"}),
    "/audio/translations": frozenset({"POST"}),
    "/rerank": frozenset({"POST"}),
    "/files": frozenset({"GET"}),
    "/batches": frozenset({"GET"}),
    "/assistants": frozenset({"GET"}),
    "/vector_stores": frozenset({"GET"}),
}
"""What is sent again: it needs nothing that only the old provider has, and deletes nothing."""

HEADERS = frozenset({"content-type", "accept", "openai-beta"})
"""Headers of a recorded request that go on; keys, cookies and accounts are not among them."""

QUERY = frozenset({"limit", "after", "before", "order", "purpose", "model", "include[]", "include"})
_API = re.compile(
    r"^/(chat|completions|embeddings|moderations|models|responses|images|audio|rerank|files|batches"
    r"|assistants|threads|vector_stores|uploads|fine_tuning|conversations|realtime|evals)(/|$)"
)
_SECRET = re.compile(r"authorization|cookie|key|token|secret", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """One call to be replayed. ``times``: how often it, or one of the same form, was recorded."""

    recorded: Exchange
    method: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    new_model: str = ""
    times: int = 1

    @property
    def name(self) -> str:
        """The call as a reader knows it: its place in the recording and its route."""
        return f"{self.recorded.id} {self.method} {urlsplit(self.path).path}"


@dataclass(frozen=True)
class Calls:
    """What of a recording is replayed, and why the rest is not: reason to number of entries."""

    calls: tuple[Call, ...]
    left: Mapping[str, int]


def calls_of(
    exchanges: Iterable[Exchange], names: Mapping[str, str] | None = None, most: int = 100
) -> Calls:
    """The calls of a recording, those of the same form once. ``names``: models to be renamed."""
    chosen: dict[tuple[Any, ...], Call] = {}
    left: dict[str, int] = {}
    for x in exchanges:
        reason = why_not(x)
        if reason:
            left[reason] = left.get(reason, 0) + 1
            continue
        call = _call(x, names or {})
        form = form_of(call)
        if form in chosen:
            old = chosen[form]
            chosen[form] = Call(**{**vars(old), "times": old.times + 1})
        else:
            chosen[form] = call
    calls = tuple(chosen.values())
    if len(calls) > most:
        left[f"more than {most} forms of calls: raise --calls"] = len(calls) - most
    return Calls(calls[:most], left)


def why_not(x: Exchange) -> str:
    """Why an entry is not replayed; empty where it is."""
    path = x.endpoint
    if not _API.match(path):
        return "no call of OpenAI's API"
    if x.request.method in ("OPTIONS", "HEAD"):
        return "a question of the browser, not of the program"
    known = CALLS.get("/models/{id}" if path.startswith("/models/") else path.rstrip("/"))
    if known is None:
        return "it speaks of objects that only the old provider has, or makes some"
    if x.request.method not in known:
        return "it changes or deletes something"
    if x.request.method == "POST" and not x.request.body:
        return "its body was not recorded"
    return ""


def _call(x: Exchange, names: Mapping[str, str]) -> Call:
    parts = urlsplit(x.request.url)
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k in QUERY]
    path = x.endpoint + (f"?{urlencode(kept)}" if kept else "")
    headers = {n.lower(): v for n, v in x.request.headers if n.lower() in HEADERS}
    body, model, new = x.request.body, "", ""
    if x.endpoint.startswith("/models/"):
        model = x.endpoint.removeprefix("/models/")
        new = names.get(model, "")
        path = f"/models/{quote(new or model, safe='/%:')}"
    sent = x.sent
    if isinstance(sent.get("model"), str):
        model = sent["model"]
        new = names.get(model, "")
        if new:
            body = json.dumps({**sent, "model": new}, ensure_ascii=False).encode(
                "utf-8", "surrogatepass"
            )
    if body and "content-type" not in headers:
        headers["content-type"] = "application/json"
    return Call(x, x.request.method, path, body, headers, model, new)


def form_of(call: Call) -> tuple[Any, ...]:
    """What makes two calls the same to a provider: route, model, parameters, shape of messages."""
    sent = call.recorded.sent
    route = (call.method, call.recorded.endpoint)
    if not sent:
        return (*route, call.path, call.body)
    return (*route, _form(sent))


def _form(value: Any, name: str = "") -> Any:
    """A value without its texts: those of names that steer stay, other strings are only strings."""
    if isinstance(value, dict):
        return tuple(sorted((k, _form(v, k)) for k, v in value.items()))
    if isinstance(value, list):
        return ("list", *dict.fromkeys(_form(v, name) for v in value))
    if isinstance(value, str):
        return value if name in _STEERS else "text"
    return type(value).__name__ if not isinstance(value, bool) else value


_STEERS = frozenset(
    {"model", "role", "type", "tool_choice", "encoding_format", "reasoning_effort", "detail",
     "service_tier", "verbosity", "response_format", "truncation", "format", "voice"}
)  # fmt: skip


def secrets_of(exchanges: Iterable[Exchange]) -> dict[str, str]:
    """Every value in the recording's headers that may be a secret, to be kept out of all output."""
    found: dict[str, str] = {}
    for x in exchanges:
        pairs: Sequence[tuple[str, str]] = (
            *x.request.headers,
            *parse_qsl(urlsplit(x.request.url).query),
        )
        for name, value in pairs:
            word = value.split(" ", 1)[-1].strip() if name.lower() == "authorization" else value
            if _SECRET.search(name) and len(word) >= 8 and name not in QUERY:
                found.setdefault(word, f"recorded {len(found) + 1}")
    return {name: value for value, name in found.items()}
