"""Legacy completions: streams beside whole answers, and what all answers of a run share."""

from __future__ import annotations

from conformance.chats import (
    body_of,
    choices_of,
    integer,
    legacy_texts_of,
    related,
    same_start,
    streamed_choices,
)
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, openai, openapi, requirement
from conformance.select import COMPLETION_STREAM, on

NEEDS = "completions.stream"
SKEW = 600
STREAM = openai("completions/create stream")
ANSWERS = on("POST", "/completions", "legacy completions, whole and streamed")


def _chunks(x: Exchange) -> list[dict[str, object]]:
    found = [p for p in x.payloads if isinstance(p, dict) and "choices" in p]
    if not found:
        raise NotApplicable("no chunk")
    return found


@requirement(
    "completions.stream.created.now",
    MUST,
    "`created` of a chunk is the time of the answer in Unix seconds.",
    source=openapi("CreateCompletionResponse"),
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["logs are sorted by it"],
)
def test_created(x: Exchange) -> None:
    created = integer(_chunks(x)[0].get("created"))
    if created is None or not 1e9 < created < 1e11 or x.context.get("foreign"):
        raise NotApplicable
    fine = -SKEW <= created - x.started <= SKEW + x.duration
    require(fine, "created", f"about {int(x.started)}", created)


@requirement(
    "completions.stream.model.echo",
    MUST,
    "`model` of a chunk is the requested model, or a name that is derived from it.",
    source=openapi("CreateCompletionResponse"),
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["cost tables and logs that are keyed by the model"],
)
def test_model(x: Exchange) -> None:
    asked, answered = x.sent.get("model"), _chunks(x)[0].get("model")
    if not (isinstance(asked, str) and isinstance(answered, str) and asked and answered):
        raise NotApplicable
    require(related(asked, answered), "model", f"{asked} or a version of it", answered)


@requirement(
    "completions.id.all-unique",
    MUST,
    "No two completions, whole or streamed, have the same id.",
    source=openai("completions/object id"),
    needs="completions",
    over=ANSWERS,
    together=True,
    breaks=["logs and caches that are keyed by the id"],
)
def test_ids(answers: tuple[Exchange, ...]) -> None:
    seen: dict[str, Exchange] = {}
    for x in answers:
        if x.request.header("idempotency-key") or x.context.get("foreign"):
            continue
        body = next((p for p in x.payloads if isinstance(p, dict)), {}) if x.is_stream else {}
        id = (body or body_of(x)).get("id")
        if not isinstance(id, str) or not id:
            continue
        if id in seen:
            fail("id", f"another than that of {seen[id].id}", id, exchange=x)
        seen[id] = x
    if len(seen) < 2:
        raise NotApplicable


@requirement(
    "completions.stream.finish-equal",
    MUST,
    "The same text has the same finish reason streamed and not streamed.",
    source=STREAM,
    needs=NEEDS,
    breaks=["a text that was cut passes for a whole one"],
)
def test_finish_equal(completions: Exchange, completions_stream: Exchange) -> None:
    listed, pieces = choices_of(completions), streamed_choices(completions_stream)
    if not listed or not pieces:
        raise NotApplicable
    text = "".join(str(piece.get("text") or "") for piece in pieces)
    if text != listed[0].get("text"):
        raise Inconclusive("the two answers differ")
    whole = listed[0].get("finish_reason")
    found = next((p["finish_reason"] for p in pieces if p.get("finish_reason")), None)
    if not isinstance(whole, str) or not isinstance(found, str):
        raise NotApplicable("another requirement speaks of a reason that is missing")
    require(whole == found, "choices[0].finish_reason", f"{whole}, as without stream", found)


@requirement(
    "completions.stream.usage-once",
    MUST,
    "One chunk reports usage; in the others it is null or absent.",
    source=openai("completions/create stream_options"),
    needs=NEEDS,
    over=COMPLETION_STREAM,
    breaks=["clients that add up what they see count the prompt again and again"],
)
def test_usage_once(x: Exchange) -> None:
    found = [chunk["usage"] for chunk in _chunks(x) if isinstance(chunk.get("usage"), dict)]
    if not found:
        raise NotApplicable
    require(len(found) == 1, "usage", "in one chunk", f"in {len(found)} chunks")


@requirement(
    "completions.n.different",
    SHOULD,
    "With a temperature of 1 the choices of one prompt are not all the same.",
    source=openai("completions/create n"),
    needs="completions",
    breaks=["several samples of one answer are worth no more than one"],
)
def test_different(completions_story: Exchange, completions_n: Exchange) -> None:
    texts = [str(choice.get("text") or "") for choice in choices_of(completions_n)]
    if len(texts) < 2 or completions_n.sent.get("temperature") != 1:
        raise NotApplicable
    if min(map(len, texts)) < 12:
        raise Inconclusive("the texts are too short to tell")
    single = next(iter(legacy_texts_of(completions_story)), "").strip()
    if len(single) < 4 or any(same_start(single, text) for text in texts):
        raise Inconclusive("the model continues the prompt alike every time")
    require(len(set(texts)) > 1, "choices[].text", "different texts", texts)


@requirement(
    "completions.stream.n",
    MUST,
    "`n` and `stop` hold in a stream as in a whole answer.",
    source=STREAM,
    needs=NEEDS,
    breaks=["the stream goes on where the text should end, or lacks what was paid for"],
)
def test_stream_n(completions_stream_n: Exchange) -> None:
    pieces = streamed_choices(completions_stream_n)
    if not pieces:
        raise NotApplicable
    texts: dict[int, str] = {}
    for piece in pieces:
        index = integer(piece.get("index")) or 0
        texts[index] = texts.get(index, "") + str(piece.get("text") or "")
    require(len(texts) == 2, "choices[].index", "0 and 1", sorted(texts))
    stops = completions_stream_n.sent.get("stop")
    for index, text in texts.items():
        held = not (isinstance(stops, str) and stops in text)
        require(held, f"choices {index}: text", f"nothing of {stops!r}", text)
