"""Vectors compared with one another: encodings, forms of input, batches, dimensions, meaning."""

from __future__ import annotations

from collections.abc import Sequence

from conformance import vectors
from conformance.exchange import Exchange
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.embeddings import DINNER_AT, ENGINE_AT, NEAR_AT
from conformance.requirement import MUST, SHOULD, field, openai, requirement, sdk

SAME = 0.99
"""The cosine above which two vectors are the same but for the arithmetic of batches."""

PAIRS = ["clients that read by position attach vectors to the wrong texts, in silence"]


def _one(x: Exchange, at: int = 0) -> tuple[float, ...]:
    """The vector at a position. Raises NotApplicable where there is none (others say so)."""
    found = vectors.vectors(x)
    value = found[at] if at < len(found) else None
    if value is None or not any(value):
        raise NotApplicable(f"no vector at data[{at}]")
    return value


def _same(a: Sequence[float], b: Sequence[float], at: str, what: str) -> None:
    if len(a) != len(b):
        raise NotApplicable("the lengths differ")
    alike = vectors.cosine(a, b)
    require(alike > SAME, at, f"{what} (cosine above {SAME})", f"cosine {alike:.4f}")


@requirement(
    "embeddings.base64.count",
    MUST,
    "A base64 vector holds as many float32 numbers as the float answer: 4 bytes each.",
    source=sdk("openai-python 3.51 resources/embeddings.py: little-endian float32"),
    needs="embeddings.base64",
    breaks=["both SDKs read float64 as twice as many float32 numbers, without an error"],
)
def test_base64_count(embeddings: Exchange, embeddings_base64: Exchange) -> None:
    values = vectors.embeddings(embeddings_base64)
    text = values[0] if values else None
    data = vectors.raw_bytes(text) if isinstance(text, str) else None
    plain = vectors.first(embeddings)
    if data is None or plain is None:
        raise NotApplicable("no two vectors")
    wanted = 4 * len(plain)
    require(len(data) == wanted, "data[0].embedding", f"{wanted} bytes", f"{len(data)} bytes")


@requirement(
    "embeddings.base64.equal",
    MUST,
    "Base64 holds the numbers of the float answer, little-endian and in the same order.",
    source=sdk("openai-python 3.51 resources/embeddings.py: little-endian float32"),
    needs="embeddings.base64",
    breaks=["the SDKs return other vectors than curl: searches find nothing"],
)
def test_base64_equal(embeddings: Exchange, embeddings_base64: Exchange) -> None:
    plain = _one(embeddings)
    values = vectors.embeddings(embeddings_base64)
    text = values[0] if values else None
    if not isinstance(text, str):
        raise NotApplicable("no base64")
    packed = vectors.unpack(text)
    if packed is None or len(packed) != len(plain):
        raise NotApplicable("the lengths differ")
    alike = vectors.cosine(plain, packed)
    if not alike > 0.999:
        fail("data[0].embedding", "the vector of the float answer", f"cosine {alike:.4f}")
    ratio = vectors.norm(packed) / vectors.norm(plain)
    require(abs(ratio - 1) < 0.01, "data[0].embedding", "the length of the float vector",
            f"{ratio:.3f} times that length")  # fmt: skip


@requirement(
    "embeddings.base64.order",
    MUST,
    "A batch in base64 keeps the order of its inputs.",
    source=field("https://github.com/agno-agi/agno/pull/10128"),
    needs="embeddings.base64",
    breaks=PAIRS,
)
def test_base64_order(embeddings_base64: Exchange, embeddings_base64_batch: Exchange) -> None:
    # compared within base64, so that only the order is judged
    alone = _one(embeddings_base64)
    found = [v if v is not None and len(v) == len(alone) else None
             for v in vectors.vectors(embeddings_base64_batch)]  # fmt: skip
    if len(found) < 2 or found[1] is None:
        raise NotApplicable("no vector to compare")
    alike = [vectors.cosine(alone, v) if v is not None else -1.0 for v in found]
    best = max(range(len(alike)), key=alike.__getitem__)
    if alike[1] < alike[best] - 0.001:
        fail("data[1].embedding", "the vector of input 1",
             f"nearer to data[{best}] ({alike[best]:.4f} against {alike[1]:.4f})")  # fmt: skip


def _nearest(alone: Sequence[float], batch: Sequence[Sequence[float] | None], at: int) -> None:
    """The vector at a place of a batch is that of the text alone, and no other is nearer."""
    own = batch[at]
    if own is None or len(own) != len(alone):
        raise NotApplicable("the lengths differ")
    alike = [vectors.cosine(alone, v) if v is not None else -1.0 for v in batch]
    best = max(range(len(alike)), key=alike.__getitem__)
    if alike[at] < alike[best] - 0.001:
        found = f"nearer to the vector at {best} ({alike[best]:.4f} against {alike[at]:.4f})"
        fail(f"data[{at}].embedding", f"the vector of input {at}", found)
    require(alike[at] > SAME, f"data[{at}].embedding",
            f"the vector that input {at} has alone (cosine above {SAME})",
            f"cosine {alike[at]:.4f}")  # fmt: skip


@requirement(
    "embeddings.batch.order",
    MUST,
    "Each vector of a batch of 32 texts is the one that its text has alone.",
    source=field("https://github.com/agno-agi/agno/pull/10128"),
    needs="embeddings",
    breaks=PAIRS,
)
def test_batch(
    embeddings: Exchange,
    embeddings_near: Exchange,
    embeddings_far: Exchange,
    embeddings_batch: Exchange,
) -> None:
    batch = vectors.vectors(embeddings_batch)
    if len(batch) != len(embeddings_batch.sent["input"]):
        raise NotApplicable("another number of vectors")
    alone = ((embeddings, DINNER_AT), (embeddings_near, NEAR_AT), (embeddings_far, ENGINE_AT))
    for x, at in alone:
        _nearest(_one(x), batch, at)


@requirement(
    "embeddings.batch.distinct",
    MUST,
    "Different texts have different vectors.",
    source=openai("embeddings/object"),
    needs="embeddings",
    breaks=["every search finds everything"],
)
def test_distinct(embeddings: Exchange, embeddings_far: Exchange) -> None:
    one, other = _one(embeddings), _one(embeddings_far)
    if len(one) != len(other):
        raise NotApplicable("the lengths differ")
    apart = max(abs(a - b) for a, b in zip(one, other, strict=True))
    require(apart > 1e-6, "data[0].embedding", "another vector for another text", "the same")


@requirement(
    "embeddings.batch.repeated",
    MUST,
    "The same text twice in a batch has its vector at both places.",
    source=openai("embeddings/create input"),
    needs="embeddings",
    breaks=PAIRS,
)
def test_repeated(embeddings: Exchange, embeddings_repeated: Exchange) -> None:
    if len(vectors.entries(embeddings_repeated)) != 3:
        raise NotApplicable("another number of vectors")
    alone = _one(embeddings)
    for at in (0, 2):
        _same(alone, _one(embeddings_repeated, at), f"data[{at}].embedding",
              "the vector of the text alone")  # fmt: skip


@requirement(
    "embeddings.list-of-one",
    MUST,
    "A list of one string has the vector of the string.",
    source=openai("embeddings/create input"),
    needs="embeddings",
    breaks=["documents (sent as lists) and queries (sent as strings) do not match"],
)
def test_list_of_one(embeddings: Exchange, embeddings_one: Exchange) -> None:
    _same(_one(embeddings), _one(embeddings_one), "data[0].embedding", "the vector of the string")


@requirement(
    "embeddings.format.same-vector",
    MUST,
    'The default encoding gives the vector of `encoding_format: "float"`.',
    source=openai("embeddings/create encoding_format"),
    needs="embeddings",
)
def test_default_same(embeddings: Exchange, embeddings_plain: Exchange) -> None:
    _same(_one(embeddings), _one(embeddings_plain), "data[0].embedding", "the same vector")


@requirement(
    "embeddings.repeatable",
    SHOULD,
    "The same input has the same vector again (cosine above 0.9999).",
    source=openai("embeddings/create"),
    needs="embeddings",
    breaks=["caches and de-duplication by vector"],
)
def test_repeatable(embeddings_near: Exchange, embeddings_user: Exchange) -> None:
    alike = vectors.cosine(_one(embeddings_near), _one(embeddings_user))
    require(alike > 0.9999, "data[0].embedding", "the same vector", f"cosine {alike:.6f}")


@requirement(
    "embeddings.meaning",
    SHOULD,
    "Two sentences that say nearly the same are closer than two that have nothing in common.",
    source=openai("embeddings guide: relatedness"),
    needs="embeddings",
    breaks=["retrieval finds the wrong documents"],
)
def test_meaning(embeddings: Exchange, embeddings_near: Exchange, embeddings_far: Exchange) -> None:
    dinner = _one(embeddings)
    near = vectors.cosine(dinner, _one(embeddings_near))
    far = vectors.cosine(dinner, _one(embeddings_far))
    if near > 0.99 and far > 0.99:
        raise Inconclusive("the model gives nearly the same vector to everything")
    require(near > far, "data[0].embedding", f"closer than {far:.4f}", f"{near:.4f}")


# token arrays


@requirement(
    "embeddings.tokens.same",
    MUST,
    "A token array has the same vector alone and in a list of token arrays.",
    source=openai("embeddings/create input"),
    needs="embeddings.tokens",
    breaks=["LangChain: documents and queries do not match"],
)
def test_tokens(embeddings_tokens: Exchange, embeddings_token_lists: Exchange) -> None:
    if len(vectors.entries(embeddings_token_lists)) != 2:
        raise NotApplicable("another number of vectors")
    if len(vectors.entries(embeddings_tokens)) != 1:
        raise NotApplicable("another number of vectors")
    batch = [_one(embeddings_token_lists), _one(embeddings_token_lists, 1)]
    _nearest(_one(embeddings_tokens), batch, 0)


@requirement(
    "embeddings.tokens.distinct",
    MUST,
    "Different token arrays have different vectors.",
    source=openai("embeddings/create input"),
    needs="embeddings.tokens",
    breaks=["every document of LangChain gets the same vector"],
)
def test_tokens_distinct(embeddings_token_lists: Exchange) -> None:
    one, other = _one(embeddings_token_lists), _one(embeddings_token_lists, 1)
    if len(one) != len(other):
        raise NotApplicable("the lengths differ")
    require(one != other, "data[1].embedding", "another vector for other tokens", "the same")


# dimensions


@requirement(
    "embeddings.dimensions.honoured",
    MUST,
    "`dimensions` is the length of the vector, or it is refused: never ignored in silence.",
    source=openai("embeddings/create dimensions"),
    needs="embeddings",
    any_status=True,
    breaks=["vector stores refuse rows that are longer than their column"],
)
def test_dimensions(embeddings_dimensions: Exchange) -> None:
    x = embeddings_dimensions
    if x.status == 429 or x.response is None:
        raise Inconclusive(f"the answer was {x.status}", owner="quota")
    if x.status in (400, 403, 404, 422):
        return
    if not x.ok:
        fail("status", ["2xx", "400"], x.status)
    _length(x)


def _length(x: Exchange) -> None:
    wanted = x.sent["dimensions"]
    found = [v for v in vectors.embeddings(x) if isinstance(v, str) or vectors.vector(v)]
    if not found:
        raise NotApplicable("no vector")
    for number, value in enumerate(found):
        if isinstance(value, str):
            data = vectors.raw_bytes(value)
            if data is None:
                raise NotApplicable("no base64")
            count = len(data) / 4
        else:
            count = len(value)
        require(count == wanted, f"data[{number}].embedding", f"{wanted} numbers",
                f"{count:g} numbers")  # fmt: skip


@requirement(
    "embeddings.dimensions.base64",
    MUST,
    "`dimensions` is honoured in base64 as well.",
    source=openai("embeddings/create dimensions"),
    needs="embeddings.dimensions",
    breaks=["every call of the SDKs with `dimensions`, which asks for base64 by default"],
)
def test_dimensions_base64(embeddings_dimensions_base64: Exchange) -> None:
    if not any(isinstance(v, str) for v in vectors.embeddings(embeddings_dimensions_base64)):
        raise NotApplicable("no base64")
    _length(embeddings_dimensions_base64)


@requirement(
    "embeddings.dimensions.full",
    MUST,
    "`dimensions` equal to the full length gives the full vector.",
    source=openai("embeddings/create dimensions"),
    needs="embeddings.dimensions",
)
def test_dimensions_full(embeddings: Exchange, embeddings_dimensions_full: Exchange) -> None:
    _length(embeddings_dimensions_full)
    _same(_one(embeddings), _one(embeddings_dimensions_full), "data[0].embedding",
          "the vector without `dimensions`")  # fmt: skip


@requirement(
    "embeddings.dimensions.normalised",
    MUST,
    "A shortened vector has the length 1 again where the full one has it.",
    source=openai("embeddings guide: shortened embeddings are normalised again"),
    needs="embeddings.dimensions",
    breaks=["searches by dot product rank wrongly"],
)
def test_dimensions_normalised(embeddings: Exchange, embeddings_dimensions: Exchange) -> None:
    if abs(vectors.norm(_one(embeddings)) - 1) > 0.001:
        raise NotApplicable("the full vector is not of length 1")
    length = vectors.norm(_one(embeddings_dimensions))
    require(abs(length - 1) < 0.005, "data[0].embedding", "a norm of 1", f"{length:.4f}")


@requirement(
    "embeddings.dimensions.beginning",
    SHOULD,
    "A shortened vector points where the beginning of the full vector points.",
    source=openai("embeddings guide: reducing embedding dimensions"),
    needs="embeddings.dimensions",
)
def test_dimensions_beginning(embeddings: Exchange, embeddings_dimensions: Exchange) -> None:
    full, short = _one(embeddings), _one(embeddings_dimensions)
    if len(short) > len(full):
        raise NotApplicable("longer than the full vector")
    alike = vectors.cosine(full[: len(short)], short)
    require(alike > SAME, "data[0].embedding", f"the first {len(short)} of {len(full)} numbers",
            f"cosine {alike:.4f}")  # fmt: skip


@requirement(
    "embeddings.model.refused",
    SHOULD,
    "A model that only chats is refused by the embeddings endpoint.",
    source=openai("embeddings/create model"),
    needs="embeddings",
    any_status=True,
    breaks=["a wrong setting fills an index with vectors of no use"],
)
def test_chat_model(embeddings_chat_model: Exchange) -> None:
    status = embeddings_chat_model.status
    if status in (0, 429):
        raise Inconclusive("no answer", owner="quota")
    require(400 <= status < 500, "status", ["400", "403", "404"], status)
