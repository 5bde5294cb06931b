"""Rerank, in the form that Cohere's first version, Jina and vLLM share."""

from __future__ import annotations

from typing import Any

from conformance.reference import tokens
from conformance.reference.call import Call
from conformance.reference.chat_rules import check_model
from conformance.reference.checks import (
    anything,
    array,
    boolean,
    by_type,
    fields,
    integer,
    nullable,
    string,
)
from conformance.reference.errors import missing
from conformance.reference.reply import Answer
from conformance.reference.routing import Route
from conformance.reference.vectors import embed

_document = by_type(
    "a string or an object",
    string=string(),
    object=fields({"text": string()}, ("text",)),
)
_shape = fields(
    {
        "model": string(1),
        "query": string(1),
        "documents": array(_document, 1, 1000),
        "top_n": nullable(integer(1)),
        "return_documents": nullable(boolean),
        "max_tokens_per_doc": nullable(integer(1)),
        "max_chunks_per_doc": nullable(integer(1)),
        "rank_fields": nullable(array(string())),
        "truncation": nullable(anything),
        "user": nullable(string()),
    },
    closed=True,
)


def validate(call: Call, body: dict[str, Any]) -> None:
    """Refuse what cannot be ranked."""
    check_model(call, body, "rerank")
    for name in ("query", "documents"):
        if name not in body:
            raise missing(name)
    _shape("", body)


def create(call: Call) -> Answer:
    """POST /rerank."""
    body = call.fields
    texts = [doc if isinstance(doc, str) else doc["text"] for doc in body["documents"]]
    query = embed(body["query"])
    ranked = []
    for index, text in enumerate(texts):
        closeness = sum(a * b for a, b in zip(query, embed(text or " "), strict=True))
        ranked.append((round(min(1.0, max(0.0, (closeness + 1) / 2)), 6), index))
    ranked.sort(key=lambda pair: (-pair[0], pair[1]))
    results: list[dict[str, Any]] = []
    for score, index in ranked[: body.get("top_n") or len(texts)]:
        entry: dict[str, Any] = {"index": index, "relevance_score": score}
        if body.get("return_documents"):
            entry["document"] = {"text": texts[index]}
        results.append(entry)
    total = tokens.count(body["query"]) + sum(map(tokens.count, texts))
    return Answer(
        {
            "id": call.app.new_id("rerank-"),
            "model": body["model"],
            "results": results,
            "usage": {"prompt_tokens": total, "total_tokens": total},
            "meta": {"api_version": {"version": "1"}, "billed_units": {"search_units": 1}},
        }
    )


ROUTES = (Route("rerank", "POST", "/rerank", create, validate, "json"),)
