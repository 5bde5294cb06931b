"""Which answers are judged by which schema: the route of each object and what it needs.

A root says where a document of a schema stands in an exchange. Pieces that other schemas judge (the
items of a response, the elements of a list) are found from there.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance import shapes
from conformance.exchange import Exchange
from conformance.select import ERROR, Selector, on

_FORMAT = re.compile(rb'name="response_format"\s+(\w+)')


@dataclass(frozen=True)
class Root:
    """``documents``: the parsed documents of the schema in an answer that ``over`` picks."""

    schema: str
    over: Selector
    needs: str
    documents: Callable[[Exchange], Iterable[Any]]


def _body(x: Exchange) -> Iterable[Any]:
    """The body, unless it is no JSON or an error (other requirements say so)."""
    body = x.json
    if isinstance(body, dict) and set(body) & {"error"} and len(body) <= 2 and "id" not in body:
        return ()
    return () if body is None else (body,)


def _chunks(x: Exchange) -> Iterable[Any]:
    return [p for p in x.payloads if not (isinstance(p, dict) and "error" in p)]


def _events(x: Exchange) -> Iterable[Any]:
    """Events of a Responses stream; the error event has requirements of its own."""
    return [p for p in x.payloads if not (isinstance(p, dict) and p.get("type") == "error")]


def _error(x: Exchange) -> Iterable[Any]:
    body = x.json
    return (body,) if isinstance(body, dict) and isinstance(body.get("error"), dict) else ()


def _heard(schema: str) -> Callable[[Exchange], Iterable[Any]]:
    """The body of a transcription in the format that the schema is of; text is no JSON."""

    def documents(x: Exchange) -> Iterable[Any]:
        wanted = _FORMAT.search(x.request.body)
        name = wanted[1].decode() if wanted else "json"
        mine = {"transcription": "json", "transcription.verbose": "verbose_json"}[schema]
        return _body(x) if name == mine and not x.is_sse else ()

    return documents


def _one(method: str, path: str, schema: str, needs: str, title: str) -> Root:
    return Root(schema, on(method, path, title), needs, _body)


def _stream(path: str, schema: str, needs: str, title: str) -> Root:
    return Root(schema, on("POST", path, title, stream=True), needs, _chunks)


def _plain(path: str, schema: str, needs: str, title: str) -> Root:
    return Root(schema, on("POST", path, title, stream=False), needs, _body)


NO_RUN = Selector("not made with a run", lambda x: x.endpoint != "/threads/runs")
ROOTS: tuple[Root, ...] = (
    _plain("/chat/completions", "chat.completion", "chat", "chat completions"),
    _stream("/chat/completions", "chat.completion.chunk", "chat.stream", "chat streams"),
    _one("GET", "/chat/completions/{id}", "chat.completion", "chat.store", "stored completions"),
    _one("POST", "/chat/completions/{id}", "chat.completion", "chat.store", "stored completions"),
    _one("GET", "/chat/completions", "chat.completion.list", "chat.store", "stored lists"),
    _one(
        "GET",
        "/chat/completions/{id}/messages",
        "chat.completion.messages",
        "chat.store",
        "stored messages",
    ),
    _one(
        "DELETE",
        "/chat/completions/{id}",
        "chat.completion.deleted",
        "chat.store",
        "deleted completions",
    ),
    _plain("/completions", "text_completion", "completions", "legacy completions"),
    _stream("/completions", "text_completion.chunk", "completions", "legacy completion streams"),
    _one("POST", "/embeddings", "embeddings", "embeddings", "embeddings"),
    _one("POST", "/moderations", "moderation", "moderations", "moderations"),
    _one("GET", "/models", "models", "models", "model lists"),
    _one("GET", "/models/{id}", "model", "models", "models"),
    _one("DELETE", "/models/{id}", "model.deleted", "models", "deleted models"),
    _one("POST", "/rerank", "rerank", "rerank", "rerank answers"),
    Root("error", ERROR, "", _error),
    _plain("/responses", "response", "responses", "responses"),
    Root(
        "response.events",
        on("POST", "/responses", "response streams", stream=True),
        "responses",
        _events,
    ),
    _one("GET", "/responses/{id}", "response", "responses", "retrieved responses"),
    _one("POST", "/responses/{id}/cancel", "response", "responses", "cancelled responses"),
    _one("GET", "/responses/{id}/input_items", "response.input_items", "responses", "input items"),
    _one("POST", "/responses/compact", "response.compaction", "responses", "compactions"),
    _one("POST", "/responses/input_tokens", "response.input_tokens", "responses", "token counts"),
    _one("POST", "/conversations", "conversation", "conversations", "conversations"),
    _one("GET", "/conversations/{id}", "conversation", "conversations", "conversations"),
    _one("DELETE", "/conversations/{id}", "conversation.deleted", "conversations", "conversations"),
    _one("POST", "/conversations/{id}", "conversation", "conversations", "conversations"),
    _one("GET", "/conversations/{id}/items", "conversation.items", "conversations", "their items"),
    _one("POST", "/conversations/{id}/items", "conversation.items", "conversations", "new items"),
    _one(
        "DELETE", "/conversations/{id}/items/{i}", "conversation", "conversations", "what is left"
    ),
    _one("POST", "/files", "file", "files", "uploaded files"),
    _one("GET", "/files", "file.list", "files", "file lists"),
    _one("GET", "/files/{id}", "file", "files", "files"),
    _one("DELETE", "/files/{id}", "file.deleted", "files", "deleted files"),
    _one("POST", "/uploads", "upload", "uploads", "uploads"),
    _one("POST", "/uploads/{id}/parts", "upload.part", "uploads", "upload parts"),
    _one("POST", "/uploads/{id}/complete", "upload", "uploads", "completed uploads"),
    _one("POST", "/uploads/{id}/cancel", "upload", "uploads", "cancelled uploads"),
    _one("POST", "/batches", "batch", "batches", "batches"),
    _one("GET", "/batches", "batch.list", "batches", "batch lists"),
    _one("GET", "/batches/{id}", "batch", "batches", "batches"),
    _one("POST", "/batches/{id}/cancel", "batch", "batches", "cancelled batches"),
    _one("POST", "/vector_stores", "vector_store", "vector-stores", "vector stores"),
    _one("GET", "/vector_stores", "vector_store.list", "vector-stores", "vector store lists"),
    _one("GET", "/vector_stores/{id}", "vector_store", "vector-stores", "vector stores"),
    _one("POST", "/vector_stores/{id}", "vector_store", "vector-stores", "vector stores"),
    _one("DELETE", "/vector_stores/{id}", "vector_store.deleted", "vector-stores", "vector stores"),
    _one("POST", "/vector_stores/{id}/files", "vector_store.file", "vector-stores", "their files"),
    _one(
        "GET", "/vector_stores/{id}/files", "vector_store.file.list", "vector-stores", "file lists"
    ),
    _one(
        "GET", "/vector_stores/{id}/files/{f}", "vector_store.file", "vector-stores", "their files"
    ),
    _one("POST", "/vector_stores/{id}/files/{f}", "vector_store.file", "vector-stores", "files"),
    _one(
        "DELETE",
        "/vector_stores/{id}/files/{f}",
        "vector_store.file.deleted",
        "vector-stores",
        "files taken out",
    ),
    *(
        _one(
            method,
            f"/vector_stores/{{id}}/file_batches{rest}",
            "vector_store.file_batch",
            "vector-stores.batches",
            "file batches",
        )
        for method, rest in (("POST", ""), ("GET", "/{b}"), ("POST", "/{b}/cancel"))
    ),
    _one(
        "GET",
        "/vector_stores/{id}/file_batches/{b}/files",
        "vector_store.file.list",
        "vector-stores",
        "files of batches",
    ),
    _one("POST", "/fine_tuning/jobs", "fine_tuning.job", "fine-tuning", "fine-tuning jobs"),
    _one("GET", "/fine_tuning/jobs", "fine_tuning.job.list", "fine-tuning", "job lists"),
    _one("GET", "/fine_tuning/jobs/{id}", "fine_tuning.job", "fine-tuning", "fine-tuning jobs"),
    *(
        _one("POST", f"/fine_tuning/jobs/{{id}}/{what}", "fine_tuning.job", "fine-tuning", "jobs")
        for what in ("cancel", "pause", "resume")
    ),
    _one(
        "GET",
        "/fine_tuning/jobs/{id}/events",
        "fine_tuning.job.event.list",
        "fine-tuning",
        "job events",
    ),
    _one(
        "GET",
        "/fine_tuning/jobs/{id}/checkpoints",
        "fine_tuning.job.checkpoint.list",
        "fine-tuning",
        "checkpoints",
    ),
    _one("POST", "/assistants", "assistant", "assistants", "assistants"),
    _one("GET", "/assistants", "assistant.list", "assistants", "assistant lists"),
    _one("GET", "/assistants/{id}", "assistant", "assistants", "assistants"),
    _one("POST", "/assistants/{id}", "assistant", "assistants", "assistants"),
    _one("DELETE", "/assistants/{id}", "assistant.deleted", "assistants", "assistants"),
    _one("POST", "/threads", "thread", "assistants", "threads"),
    _one("GET", "/threads/{id}", "thread", "assistants", "threads"),
    _one("DELETE", "/threads/{id}", "thread.deleted", "assistants", "threads"),
    _one("POST", "/threads/{id}/messages", "thread.message", "assistants", "messages"),
    _one("GET", "/threads/{id}/messages", "thread.message.list", "assistants", "message lists"),
    _one("GET", "/threads/{id}/messages/{m}", "thread.message", "assistants", "messages"),
    _plain("/threads/{id}/runs", "thread.run", "assistants", "runs"),
    _plain("/threads/runs", "thread.run", "assistants", "runs"),
    _plain(
        "/threads/{id}/runs/{r}/submit_tool_outputs", "thread.run", "assistants", "continued runs"
    ),
    _one("POST", "/threads/{id}/runs/{r}", "thread.run", "assistants", "runs"),
    _one("GET", "/threads/{id}/runs", "thread.run.list", "assistants", "run lists"),
    _one("GET", "/threads/{id}/runs/{r}", "thread.run", "assistants", "runs"),
    _one("POST", "/threads/{id}/runs/{r}/cancel", "thread.run", "assistants", "runs"),
    _one("GET", "/threads/{id}/runs/{r}/steps", "thread.run.step.list", "assistants", "run steps"),
    _one("GET", "/threads/{id}/runs/{r}/steps/{s}", "thread.run.step", "assistants", "run steps"),
    Root("thread", on("POST", "/threads/{id}", "threads") & NO_RUN, "assistants", _body),
    _one("POST", "/threads/{id}/messages/{m}", "thread.message", "assistants", "messages"),
    _one(
        "DELETE", "/threads/{id}/messages/{m}", "thread.message.deleted", "assistants", "messages"
    ),
    _one("POST", "/images/generations", "images", "images", "images"),
    _one("POST", "/images/edits", "images", "images.edits", "edited images"),
    *(
        Root(schema, on("POST", f"/audio/{path}", path), "audio.transcription", _heard(schema))
        for schema in ("transcription", "transcription.verbose")
        for path in ("transcriptions", "translations")
    ),
)

PREFIX: Mapping[str, str] = {
    "chat.completion": "chat",
    "chat.completion.chunk": "chat.stream",
    "chat.completion.list": "stored.list",
    "chat.completion.messages": "stored.messages",
    "chat.completion.deleted": "stored.deleted",
    "text_completion": "completions",
    "text_completion.chunk": "completions.stream",
    "moderation": "moderations",
    "models": "models.list",
    "model": "models.model",
    "model.deleted": "models.deleted",
    "error": "errors",
    "response": "responses",
    "response.events": "responses.events",
    "response.item": "responses.item",
    "stored.item": "responses.stored-item",
}
"""What stands before ``.shape.`` in the ids of a schema, where it is not its name in the plural."""


PLURAL = {
    "assistant": "assistants",
    "batch": "batches",
    "conversation": "conversations",
    "file": "files",
    "response": "responses",
    "thread": "threads",
    "transcription": "audio.transcription",
    "upload": "uploads",
    "vector-store": "vector-stores",
}


def prefix(schema: str) -> str:
    """The beginning of the requirement ids of a schema; its first word is the area."""
    if schema in PREFIX:
        return PREFIX[schema]
    first, _, rest = schema.replace("_", "-").partition(".")
    return ".".join(filter(None, (PLURAL.get(first, first), rest)))


@cache
def _reached(schema: str) -> frozenset[str]:
    """The schema and every other that its documents may hold pieces of."""
    found, waiting = {schema}, [schema]
    while waiting:
        for place in shapes.part_schemas(waiting.pop()):
            if place not in found:
                found.add(place)
                waiting.append(place)
    return frozenset(found)


def roots_of(schema: str) -> tuple[Root, ...]:
    """The roots whose documents may hold one of the schema."""
    return tuple(root for root in ROOTS if schema in _reached(root.schema))


def schemas_judged() -> tuple[str, ...]:
    """Every schema that some root reaches, in a stable order."""
    found: dict[str, None] = {}
    for root in ROOTS:
        found[root.schema] = None
    for root in ROOTS:
        for schema in sorted(_reached(root.schema)):
            found[schema] = None
    return tuple(found)


class Documents(dict[str, list[shapes.Part]]):
    """The documents of an answer by schema, with their pieces; ``verdicts``: by rule (its id())."""

    def __init__(self) -> None:
        super().__init__()
        self.verdicts: dict[int, tuple[bool, shapes.Mismatch | None]] = {}


_KEPT: OrderedDict[bytes, Documents] = OrderedDict()
_MOST_KEPT = 4096


def documents(exchange: Exchange) -> Documents:
    """The documents of an exchange; equal answers to one route share them, and their verdicts."""
    kept: Documents | None = exchange.__dict__.get("_documents")
    if kept is not None:
        return kept
    body = exchange.response.body if exchange.response else b""
    about = f"{exchange.route} {exchange.status} {exchange.is_stream} {exchange.is_sse}"
    key = hashlib.sha256(about.encode("utf-8", "replace") + body).digest()
    found = _KEPT.get(key)
    if found is None:
        found = _KEPT[key] = _read(exchange)
        if len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    exchange.__dict__["_documents"] = found
    return found


def _read(exchange: Exchange) -> Documents:
    found = Documents()
    for root in ROOTS:
        if not root.over(exchange):
            continue
        for number, document in enumerate(root.documents(exchange), start=1):
            where = f"event {number}: " if exchange.is_sse else ""
            for part in shapes.parts(root.schema, document):
                path = f"{where}{part.path}"
                found.setdefault(part.schema, []).append(shapes.Part(part.schema, path, part.value))
    return found
