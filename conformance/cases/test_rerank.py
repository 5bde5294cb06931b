"""Rerank: every document once, the best first, scores that can be compared."""

from __future__ import annotations

import itertools
import math
from typing import Any

from conformance.chats import related
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.rerank import API, BEST
from conformance.requirement import MUST, SHOULD, field, requirement
from conformance.select import Selector, on

RERANK = on("POST", "/rerank", "rerank answers")
CLOSE = 0.02
"""What the arithmetic of batches may change in a score."""


def _results(x: Exchange) -> list[dict[str, Any]]:
    body = x.json
    found = body.get("results") if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(r, dict) for r in found):
        raise NotApplicable("no list of results")
    return found


def _indexes(x: Exchange) -> list[int]:
    found = [result.get("index") for result in _results(x)]
    if not found or not all(isinstance(n, int) and not isinstance(n, bool) for n in found):
        raise NotApplicable("an `index` is no integer")
    return [int(n) for n in found if n is not None]


def _scores(x: Exchange) -> list[float]:
    found = [result.get("relevance_score") for result in _results(x)]
    numbers = [float(s) for s in found if isinstance(s, int | float) and not isinstance(s, bool)]
    if not found or len(numbers) != len(found):
        raise NotApplicable("a score is no number")
    return numbers


def _documents(x: Exchange) -> list[Any]:
    found = x.sent.get("documents")
    if not isinstance(found, list) or not found:
        raise NotApplicable("no documents were sent")
    return found


def _text(document: Any) -> Any:
    return document.get("text") if isinstance(document, dict) else document


@requirement(
    "rerank.results.count",
    MUST,
    "There are as many results as documents, or `top_n` of them where that is less.",
    source=API,
    needs="rerank",
    over=RERANK,
    breaks=["documents are lost, or more context is paid for than was asked for"],
)
def test_count(x: Exchange) -> None:
    wanted = len(_documents(x))
    top = x.sent.get("top_n")
    if isinstance(top, int) and not isinstance(top, bool) and top > 0:
        wanted = min(top, wanted)
    found = len(_results(x))
    require(found == wanted, "results", f"{wanted} results", f"{found} results")


@requirement(
    "rerank.index.range",
    MUST,
    "Each `index` is the place of a document in the request, counted from 0.",
    source=API,
    needs="rerank",
    over=RERANK,
    breaks=["LangChain, LlamaIndex: IndexError, or the wrong document"],
)
def test_range(x: Exchange) -> None:
    count = len(_documents(x))
    for number, index in enumerate(_indexes(x)):
        require(0 <= index < count, f"results[{number}].index", f"0 to {count - 1}", index)


@requirement(
    "rerank.index.unique",
    MUST,
    "No document is ranked twice.",
    source=API,
    needs="rerank",
    over=RERANK,
    breaks=["the same document twice in the context, another one lost"],
)
def test_unique(x: Exchange) -> None:
    found = _indexes(x)
    require(len(set(found)) == len(found), "results[].index", "each index once", found)


@requirement(
    "rerank.order.descending",
    MUST,
    "The results are sorted: no score is higher than the one before it.",
    source=API,
    needs="rerank",
    over=RERANK,
    breaks=["clients that take the first results take the wrong ones"],
)
def test_order(x: Exchange) -> None:
    scores = _scores(x)
    for number, (before, after) in enumerate(itertools.pairwise(scores), start=1):
        if after > before:
            fail(f"results[{number}].relevance_score", f"at most {before}", after)


@requirement(
    "rerank.score.finite",
    MUST,
    "Every score is a finite number.",
    source=API,
    needs="rerank",
    over=RERANK,
    breaks=["sorting and thresholds with NaN or infinity"],
)
def test_finite(x: Exchange) -> None:
    for number, score in enumerate(_scores(x)):
        require(math.isfinite(score), f"results[{number}].relevance_score", "finite", str(score))


@requirement(
    "rerank.document.text",
    MUST,
    "A document that is returned is the one that `index` names, with its text unchanged.",
    source=API,
    needs="rerank",
    over=RERANK,
    breaks=["clients that show the returned text show another document than they ranked"],
)
def test_document(x: Exchange) -> None:
    documents = _documents(x)
    judged = False
    for number, result in enumerate(_results(x)):
        index, text = result.get("index"), _text(result.get("document"))
        if not isinstance(index, int) or not isinstance(text, str):
            continue
        if not 0 <= index < len(documents):
            continue
        judged = True
        require(text == _text(documents[index]), f"results[{number}].document",
                str(_text(documents[index])), text)  # fmt: skip
    if not judged:
        raise NotApplicable("no documents were returned")


@requirement(
    "rerank.document.returned",
    MUST,
    "`return_documents: true` is not ignored: every result holds its document.",
    source=API,
    needs="rerank",
    over=Selector(
        "rerank answers with documents",
        lambda x: RERANK(x) and x.sent.get("return_documents") is True,
    ),
    breaks=["Dify: KeyError 'document'"],
)
def test_returned(x: Exchange) -> None:
    for number, result in enumerate(_results(x)):
        if result.get("document") is None:
            fail(f"results[{number}].document", "an object with text", "absent")


@requirement(
    "rerank.document.unasked",
    SHOULD,
    "With `return_documents: false` no document is sent back.",
    source=field("https://github.com/michaelfeil/infinity/pull/383"),
    needs="rerank",
    breaks=["traffic of the size of all documents"],
)
def test_unasked(rerank_no_documents: Exchange) -> None:
    for number, result in enumerate(_results(rerank_no_documents)):
        if result.get("document"):
            fail(f"results[{number}].document", "absent", result["document"])


@requirement(
    "rerank.document.object",
    MUST,
    "A returned document is an object with `text`, not a bare string.",
    source=field("https://github.com/weaviate/weaviate/pull/9709"),
    needs="rerank",
    over=Selector(
        "rerank answers to strings", lambda x: RERANK(x) and "return_documents" in x.sent
    ),
    breaks=["typed clients fail to decode the result"],
)
def test_object(x: Exchange) -> None:
    found = [r.get("document") for r in _results(x) if r.get("document") is not None]
    if not found:
        raise NotApplicable("no documents were returned")
    for number, document in enumerate(found):
        if isinstance(document, str):
            fail(f"results[{number}].document", '{"text": ...}', document)


# usage


@requirement(
    "rerank.usage.positive",
    SHOULD,
    "`usage.total_tokens`, where it is sent, is more than 0 and not less than `prompt_tokens`.",
    source=API,
    needs="rerank",
    over=RERANK,
    breaks=["cost accounting"],
)
def test_usage(x: Exchange) -> None:
    body = x.json
    usage = body.get("usage") if isinstance(body, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or not isinstance(usage, dict):
        raise NotApplicable("no `usage.total_tokens`")
    least = usage.get("prompt_tokens")
    least = max(1, least) if isinstance(least, int) else 1
    require(total >= least, "usage.total_tokens", f"at least {least}", total)


@requirement(
    "rerank.usage.grows",
    SHOULD,
    "`usage.total_tokens`, where it is sent, grows with the documents.",
    source=API,
    needs="rerank",
    breaks=["cost accounting"],
)
def test_usage_grows(rerank: Exchange, rerank_one: Exchange) -> None:
    counts = []
    for x in (rerank_one, rerank):
        usage = x.json.get("usage") if isinstance(x.json, dict) else None
        total = usage.get("total_tokens") if isinstance(usage, dict) else None
        if not isinstance(total, int):
            raise NotApplicable("no `usage.total_tokens`")
        counts.append(total)
    one, five = counts
    require(five > one, "usage.total_tokens", f"more than the {one} of one document", five)


@requirement(
    "rerank.model.echo",
    SHOULD,
    "`model`, where it is sent, is the requested model or a name that is derived from it.",
    source=API,
    needs="rerank",
    over=RERANK,
)
def test_model(x: Exchange) -> None:
    body = x.json
    asked = x.sent.get("model")
    answered = body.get("model") if isinstance(body, dict) else None
    if not isinstance(asked, str) or not isinstance(answered, str) or not asked or not answered:
        raise NotApplicable
    if x.probe.startswith("errors_"):
        raise NotApplicable("a model that does not exist")
    require(related(asked, answered), "model", f"{asked} or a version of it", answered)


# answers compared


def _by_index(x: Exchange) -> dict[int, float]:
    """The score of each document. Raises NotApplicable where that is not clear."""
    indexes, scores = _indexes(x), _scores(x)
    found = dict(zip(indexes, scores, strict=True))
    count = len(_documents(x))
    if len(found) != len(indexes) or not all(0 <= n < count for n in found):
        raise NotApplicable("indexes that are no places")
    return found


def _spread(scores: dict[int, float]) -> float:
    return max(scores.values()) - min(scores.values())


@requirement(
    "rerank.top-n.best",
    MUST,
    "`top_n` keeps the best documents of the whole ranking.",
    source=API,
    needs="rerank",
    breaks=["the answer that was sought is cut off"],
)
def test_top(rerank: Exchange, rerank_top: Exchange) -> None:
    whole, top = _by_index(rerank), _by_index(rerank_top)
    if len(top) > 2 or len(whole) != len(_documents(rerank)):
        raise NotApplicable("another number of results")
    ranked = sorted(whole.values(), reverse=True)
    least = ranked[len(top) - 1] - CLOSE * max(_spread(whole), 1e-9)
    for index in top:
        require(whole[index] >= least, "results[].index", "the best of the whole ranking",
                sorted(top))  # fmt: skip


@requirement(
    "rerank.order.place-independent",
    MUST,
    "A document ranks the same wherever it stands in the request.",
    source=API,
    needs="rerank",
    breaks=["`index` that is not the place in the request: the wrong documents are taken"],
)
def test_reversed(rerank: Exchange, rerank_reversed: Exchange) -> None:
    one, two = _by_index(rerank), _by_index(rerank_reversed)
    last = len(_documents(rerank)) - 1
    if len(one) != last + 1 or len(two) != last + 1:
        raise NotApplicable("another number of results")
    size = max(_spread(one), _spread(two))
    if size < 1e-6:
        raise Inconclusive("all documents have the same score")
    for index, score in one.items():
        other = two[last - index]
        if abs(other - score) > max(0.1 * size, 1e-6):
            fail(f"score of document {index}", f"{score}, as in the other order", other)


@requirement(
    "rerank.ties.same-score",
    SHOULD,
    "The same document twice has the same score twice.",
    source=API,
    needs="rerank",
)
def test_ties(rerank_repeated: Exchange) -> None:
    scores = _by_index(rerank_repeated)
    if len(scores) != 4:
        raise NotApplicable("another number of results")
    allowed = max(CLOSE * _spread(scores), 1e-6)
    for a, b in ((0, 2), (1, 3)):
        require(abs(scores[a] - scores[b]) <= allowed, f"score of document {b}",
                f"{scores[a]}, as of document {a}", scores[b])  # fmt: skip


@requirement(
    "rerank.score.informative",
    SHOULD,
    "Different documents have different scores.",
    source=API,
    needs="rerank",
    breaks=["the order is that of the request"],
)
def test_informative(rerank: Exchange) -> None:
    scores = _by_index(rerank)
    require(len(scores) < 3 or len(set(scores.values())) > 1, "results[].relevance_score",
            "different scores", sorted(set(scores.values())))  # fmt: skip


@requirement(
    "rerank.order.relevant-first",
    SHOULD,
    "The document that answers the question comes first.",
    source=API,
    needs="rerank",
    breaks=["retrieval gets worse by reranking"],
)
def test_relevant(rerank: Exchange) -> None:
    first = _indexes(rerank)[0]
    require(first == BEST, "results[0].index", str(BEST), first)


@requirement(
    "rerank.documents.objects-same",
    SHOULD,
    "Documents as objects rank like the same texts as strings.",
    source=API,
    needs="rerank",
)
def test_objects(rerank: Exchange, rerank_objects: Exchange) -> None:
    one, two = _by_index(rerank), _by_index(rerank_objects)
    size = max(_spread(one), 1e-6)
    for index in one.keys() & two.keys():
        require(abs(one[index] - two[index]) <= 0.1 * size, f"score of document {index}",
                f"{one[index]}, as for the string", two[index])  # fmt: skip
