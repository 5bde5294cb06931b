"""Faults of rerank."""

from __future__ import annotations

import math
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, invalid
from conformance.reference.fault import fault

Json = dict[str, Any]
ROUTE = "rerank"


def crash(message: str) -> ApiError:
    return ApiError(500, message, type="server_error")


def _fails(id: str, text: str, when: Any, error: Any = crash) -> None:
    def hook(call: Call, body: Json) -> None:
        valid = isinstance(body.get("documents"), list) and body["documents"]
        if valid and body.get("query") and isinstance(body["query"], str) and when(body):
            raise error(text)

    fault(id, at="request", route=ROUTE, text=text)(hook)


def _plain(body: Json) -> bool:
    known = body.get("model") == "reference-rerank"
    return known and not {"top_n", "return_documents"} & set(body) and len(body["documents"]) == 5


_fails("rerank.accepts.basic", "return_documents is required.", _plain, invalid)
_fails("rerank.accepts.top-n", "top_n is a crash.", lambda b: b.get("top_n") == 2)
_fails("rerank.accepts.top-one", "One result is a crash.", lambda b: b.get("top_n") == 1)
_fails("rerank.accepts.top-large", "top_n above the number of documents is a crash.",
       lambda b: b.get("top_n") == 50)  # fmt: skip
_fails("rerank.accepts.return-documents", "return_documents is refused as unknown.",
       lambda b: b.get("return_documents") is True and isinstance(b["documents"][0], str)
       and b["documents"][0].startswith("Bread"), invalid)  # fmt: skip
_fails("rerank.accepts.no-documents", "return_documents: false is refused.",
       lambda b: b.get("return_documents") is False, invalid)  # fmt: skip
_fails("rerank.accepts.objects", "Documents have to be strings.",
       lambda b: isinstance(b["documents"][0], dict), invalid)  # fmt: skip
_fails("rerank.accepts.repeated", "A document that occurs twice is a crash.",
       lambda b: len(b["documents"]) == 4)  # fmt: skip
_fails("rerank.accepts.one", "One document is a crash.", lambda b: len(b["documents"]) == 1)


@fault("rerank.results.count", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("top_n") is None
       and len(call.fields.get("documents") or ()) == 4)  # fmt: skip
def merges_equal(call: Call, reply: Json) -> None:
    """Documents with the same text are ranked once."""
    kept: dict[str, Json] = {}
    for result in reply["results"]:
        kept.setdefault(call.fields["documents"][result["index"]], result)
    reply["results"] = list(kept.values())


@fault("rerank.results.count/top-n-ignored", at="accepted", route=ROUTE,
       breaks=("rerank.results.count",))  # fmt: skip
def ignores_top_n(call: Call, body: Json) -> Json:
    """top_n is ignored."""
    return {key: value for key, value in body.items() if key != "top_n"}


@fault("rerank.results.count/always-three", at="reply", route=ROUTE,
       when=lambda call: "top_n" not in call.fields and "return_documents" in call.fields,
       breaks=("rerank.results.count",))  # fmt: skip
def always_three(call: Call, reply: Json) -> None:
    """Without top_n there are three results."""
    reply["results"] = reply["results"][:3]


@fault("rerank.index.range", at="reply", route=ROUTE,
       when=lambda call: not call.fields.get("return_documents"),
       breaks=("rerank.index.range", "rerank.order.relevant-first"))  # fmt: skip
def from_one(call: Call, reply: Json) -> None:
    """The index counts from 1."""
    for result in reply["results"]:
        result["index"] += 1


@fault("rerank.index.unique", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("return_documents") is False)  # fmt: skip
def all_zero(call: Call, reply: Json) -> None:
    """Every index is 0."""
    for result in reply["results"]:
        result["index"] = 0


@fault("rerank.order.descending", at="reply", route=ROUTE,
       breaks=("rerank.order.descending", "rerank.order.relevant-first"))  # fmt: skip
def as_sent(call: Call, reply: Json) -> None:
    """The results come in the order of the documents."""
    reply["results"].sort(key=lambda result: result["index"])


@fault("rerank.order.descending/ascending", at="reply", route=ROUTE,
       breaks=("rerank.order.descending", "rerank.order.relevant-first"))  # fmt: skip
def ascending(call: Call, reply: Json) -> None:
    """The worst document comes first."""
    reply["results"].reverse()


@fault("rerank.score.finite", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("top_n") == 1,
       breaks=("rerank.score.finite", "http.body.json", "rerank.shape.results.relevance-score",
               "rerank.shape.results.relevance-score.unit"))  # fmt: skip
def infinite(call: Call, reply: Json) -> None:
    """The score of a perfect match is infinite."""
    reply["results"][0]["relevance_score"] = math.inf


@fault("rerank.score.logits", at="reply", route=ROUTE,
       breaks=("rerank.shape.results.relevance-score.unit",),
       field_defects="rerank-raw-logits")  # fmt: skip
def logits(call: Call, reply: Json) -> None:
    """Scores are raw logits, from -11 to 8."""
    for result in reply["results"]:
        result["relevance_score"] = round(38 * result["relevance_score"] - 27, 5)


@fault("rerank.document.text", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("return_documents") is True)  # fmt: skip
def documents_as_sent(call: Call, reply: Json) -> None:
    """The documents stand beside the results in the order in which they were sent."""
    for number, result in enumerate(reply["results"]):
        sent = call.fields["documents"][number]
        result["document"] = {"text": sent if isinstance(sent, str) else sent["text"]}


@fault("rerank.document.text/ascii", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("return_documents") is True,
       breaks=("rerank.document.text",))  # fmt: skip
def ascii_only(call: Call, reply: Json) -> None:
    """Characters that are not ASCII are lost from the documents."""
    for result in reply["results"]:
        text = result["document"]["text"].encode("ascii", "ignore").decode()
        result["document"] = {"text": text}


@fault("rerank.document.returned", at="reply", route=ROUTE)
def never_returned(call: Call, reply: Json) -> None:
    """return_documents is ignored."""
    for result in reply["results"]:
        result.pop("document", None)


@fault("rerank.document.unasked", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("return_documents") is False,
       field_defects="rerank-return-documents-default")  # fmt: skip
def always_returned(call: Call, reply: Json) -> None:
    """Documents are always sent back."""
    for result in reply["results"]:
        result["document"] = {"text": call.fields["documents"][result["index"]]}


@fault("rerank.document.object", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("return_documents") is True,
       breaks=("rerank.document.object", "rerank.shape.results.document",
               "rerank.shape.results.document.non-null"),
       field_defects="rerank-document-string")  # fmt: skip
def bare_string(call: Call, reply: Json) -> None:
    """A document is a bare string."""
    for result in reply["results"]:
        result["document"] = result["document"]["text"]


@fault("rerank.document.null", at="reply", route=ROUTE,
       when=lambda call: not call.fields.get("return_documents"),
       breaks=("rerank.shape.results.document.non-null",),
       field_defects="rerank-document-null")  # fmt: skip
def null_document(call: Call, reply: Json) -> None:
    """document is null where none was asked for."""
    for result in reply["results"]:
        result["document"] = None


@fault("rerank.usage.positive", at="reply", route=ROUTE,
       breaks=("rerank.usage.positive", "rerank.usage.grows"))  # fmt: skip
def no_tokens(call: Call, reply: Json) -> None:
    """usage is always 0."""
    reply["usage"] = {"prompt_tokens": 0, "total_tokens": 0}


@fault("rerank.usage.grows", at="reply", route=ROUTE)
def query_only(call: Call, reply: Json) -> None:
    """usage counts the query alone."""
    reply["usage"] = {"prompt_tokens": 8, "total_tokens": 8}


@fault("rerank.model.echo", at="reply", route=ROUTE)
def other_model(call: Call, reply: Json) -> None:
    """model is the file that was loaded."""
    reply["model"] = "/data/ranker.gguf"


@fault("rerank.top-n.best", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("top_n") == 2)  # fmt: skip
def first_two(call: Call, reply: Json) -> None:
    """Of many documents the first two are ranked."""
    scores = sorted((result["relevance_score"] for result in reply["results"]), reverse=True)
    reply["results"] = [{"index": n, "relevance_score": s} for n, s in enumerate(scores)]


@fault("rerank.order.place-independent", at="reply", route=ROUTE,
       when=lambda call: not call.fields.get("top_n") and len(call.fields["documents"]) == 5
       and not call.fields.get("return_documents"),
       breaks=("rerank.order.place-independent", "rerank.order.relevant-first",
               "rerank.top-n.best", "rerank.documents.objects-same"))  # fmt: skip
def place_in_the_ranking(call: Call, reply: Json) -> None:
    """index is the place in the ranking, not in the request."""
    for number, result in enumerate(reply["results"]):
        result["index"] = number


@fault("rerank.ties.same-score", at="reply", route=ROUTE,
       when=lambda call: len(call.fields["documents"]) == 4)  # fmt: skip
def ties_broken(call: Call, reply: Json) -> None:
    """Scores are changed so that no two are equal."""
    for number, result in enumerate(reply["results"]):
        result["relevance_score"] = round(result["relevance_score"] - 0.05 * number, 6)


@fault("rerank.score.informative", at="reply", route=ROUTE,
       when=lambda call: "return_documents" not in call.fields
       and not call.fields.get("top_n") and len(call.fields["documents"]) == 5,
       breaks=("rerank.score.informative", "rerank.order.place-independent",
               "rerank.documents.objects-same"))  # fmt: skip
def constant(call: Call, reply: Json) -> None:
    """Every score is 0.5."""
    for result in reply["results"]:
        result["relevance_score"] = 0.5


@fault("rerank.order.relevant-first", at="reply", route=ROUTE,
       breaks=("rerank.order.relevant-first", "rerank.top-n.best"))  # fmt: skip
def worst_first(call: Call, reply: Json) -> None:
    """The scores say how far a document is from the query."""
    if len(reply["results"]) != 5:
        return
    for result in reply["results"]:
        result["relevance_score"] = round(1 - result["relevance_score"], 6)
    reply["results"].reverse()


@fault("rerank.documents.objects-same", at="reply", route=ROUTE,
       when=lambda call: isinstance(call.fields["documents"][0], dict))  # fmt: skip
def objects_as_json(call: Call, reply: Json) -> None:
    """Objects are ranked by their JSON."""
    for number, result in enumerate(reply["results"]):
        result["relevance_score"] = round(0.9 - 0.1 * number, 6)
