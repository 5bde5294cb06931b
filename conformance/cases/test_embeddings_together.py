"""Embeddings of the whole run laid together: a text has its vector wherever it stands."""

from __future__ import annotations

from conformance import vectors
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail
from conformance.requirement import MUST, SHOULD, openai, requirement
from conformance.select import EMBEDDINGS

SAME = 0.99
"""The cosine above which two vectors are the same but for the arithmetic of batches."""


@requirement(
    "embeddings.text.same-vector",
    MUST,
    "The same text has the same vector at every place of every batch, in every encoding.",
    source=openai("embeddings/object index"),
    needs="embeddings",
    over=EMBEDDINGS,
    together=True,
    breaks=["clients that read by position attach vectors to the wrong texts, in silence"],
)
def test_same_vector(answers: tuple[Exchange, ...]) -> None:
    known: dict[tuple[str, str], tuple[vectors.Vector, str]] = {}
    compared = False
    for x in answers:
        texts = vectors.inputs(x)
        if texts is None or x.sent.get("dimensions") is not None or x.context.get("foreign"):
            continue
        found = vectors.vectors(x)
        if len(found) != len(texts):
            continue
        for at, (text, vector) in enumerate(zip(texts, found, strict=True)):
            if not isinstance(text, str) or vector is None or not any(vector):
                continue
            first, where = known.setdefault((str(x.sent.get("model")), text), (vector, x.id))
            if first is vector or len(first) != len(vector):
                continue
            compared = True
            alike = vectors.cosine(first, vector)
            if alike < SAME:
                fail(f"data[{at}].embedding", f"the vector that {text[:40]!r} has in {where}",
                     f"cosine {alike:.4f}", exchange=x)  # fmt: skip
    if not compared:
        raise NotApplicable("no text was embedded twice")


@requirement(
    "embeddings.vector.precise",
    SHOULD,
    "The numbers of a vector are not rounded to four digits or fewer.",
    source=openai("embeddings/object embedding"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["near neighbours become equal, and base64 differs from floats"],
)
def test_precise(x: Exchange) -> None:
    judged = False
    for at, values in enumerate(vectors.embeddings(x)):
        if not isinstance(values, list) or len(values) < 32:
            continue
        fractions = [v for v in values if isinstance(v, float) and v not in (0.0, 1.0)]
        if len(fractions) < 16:
            continue
        judged = True
        if all(abs(v * 10_000 - round(v * 10_000)) < 1e-9 for v in fractions):
            fail(f"data[{at}].embedding", "numbers of float32", fractions[:8])
    if not judged:
        raise NotApplicable
