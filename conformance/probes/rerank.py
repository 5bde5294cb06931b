"""Rerank, in the form that Cohere's first version, Jina and vLLM share."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.probe import Accepted, Model, post, probe
from conformance.probes.errors_table import Way, wrong
from conformance.requirement import MUST, SHOULD, Source

RERANK = Model("rerank")
PATH = "/rerank"
API = Source("rerank API", "Cohere v1, Jina, vLLM", "https://docs.cohere.com/v1/reference/rerank")
QUERY = "What is the capital of France?"
DOCUMENTS = [
    "Bread is baked from flour, water, yeast and salt.",
    "Der Zug nach 東京 fährt um neun – bitte pünktlich sein! 🚄",
    "The goalkeeper saved two penalties in the final.",
    "The capital of France is Paris.",
    "France is a country in Europe with many regions.",
]
BEST = 3
REVERSED = DOCUMENTS[::-1]
BASE: dict[str, Any] = {"model": RERANK, "query": QUERY, "documents": DOCUMENTS}

capability("rerank", "rerank", "rerank")


def _rank(name: str, id: str, text: str, *, level: Any = MUST, tier: str = "standard",
          breaks: tuple[str, ...] = (), **changes: Any) -> None:  # fmt: skip
    made = Accepted(id, level, text, API, breaks) if id else None
    probe(name, *post(PATH, **{**BASE, **changes}), needs="rerank", tier=tier, accepted=made)


_rank(
    "rerank",
    "rerank.accepts.basic",
    "A query and a list of strings are answered with success.",
)
_rank(
    "rerank_top",
    "rerank.accepts.top-n",
    "`top_n` is accepted.",
    breaks=("LangChain, LlamaIndex and Dify always send `top_n`",),
    top_n=2,
)
_rank("rerank_top_one", "rerank.accepts.top-one", "`top_n: 1` is accepted.", top_n=1)
_rank(
    "rerank_top_large",
    "rerank.accepts.top-large",
    "`top_n` may be larger than the number of documents.",
    level=SHOULD,
    breaks=("Dify sends its own setting, however few documents were found",),
    top_n=50,
)
_rank(
    "rerank_documents",
    "rerank.accepts.return-documents",
    "`return_documents: true` is accepted.",
    return_documents=True,
)
_rank(
    "rerank_no_documents",
    "rerank.accepts.no-documents",
    "`return_documents: false` is accepted.",
    return_documents=False,
)
_rank(
    "rerank_objects",
    "rerank.accepts.objects",
    "Documents may be objects with `text`.",
    level=SHOULD,
    breaks=("clients of Cohere's first version",),
    documents=[{"text": text} for text in DOCUMENTS],
    return_documents=True,
)
_rank(
    "rerank_repeated",
    "rerank.accepts.repeated",
    "The same document may occur twice.",
    documents=[DOCUMENTS[0], DOCUMENTS[BEST], DOCUMENTS[0], DOCUMENTS[BEST]],
)
_rank(
    "rerank_one",
    "rerank.accepts.one",
    "One document is enough.",
    documents=[DOCUMENTS[BEST]],
)
_rank("rerank_reversed", "", "", documents=REVERSED, return_documents=True)

_WAY = Way("rerank", PATH, BASE, "rerank", "rerank")
_BAD = (400, 422)


def _wrong(word: str, text: str, **more: Any) -> None:
    wrong(_WAY, word, text, statuses=_BAD, source=API, **more)


_wrong("query-missing", "A request without `query`", drop="query", params=("query", None))
_wrong(
    "documents-missing",
    "A request without `documents`",
    drop="documents",
    params=("documents", None),
)
_wrong(
    "documents-string",
    "`documents` that is one string",
    documents="The capital of France is Paris.",
    params=("documents", None),
)
_wrong("query-number", "`query` that is a number", query=17, params=("query", None))
_wrong(
    "documents-empty",
    "`documents: []`",
    documents=[],
    params=("documents", None),
    level=SHOULD,
)
_wrong("query-empty", "An empty `query`", query="", params=("query", None), level=SHOULD)
_wrong("top-n-zero", "`top_n: 0`", top_n=0, params=("top_n", None), level=SHOULD)
_wrong("top-n-below", "`top_n: -1`", top_n=-1, params=("top_n", None))
_wrong("top-n-type", "`top_n` that is a string", top_n="two", params=("top_n", None))
wrong(
    _WAY,
    "no-such-model",
    "A model that does not exist",
    model=Model("unknown"),
    statuses=(400, 404, 422),
    source=API,
    level=SHOULD,
    params=("model", None),
)
wrong(_WAY, "invalid-json", "A body that is not JSON", b'{"model": "x", ', source=API,
      statuses=_BAD)  # fmt: skip
