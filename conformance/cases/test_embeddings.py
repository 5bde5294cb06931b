"""Every embeddings answer of the run: count, order, encoding, the vectors themselves."""

from __future__ import annotations

import math
from typing import Any

from conformance import vectors
from conformance.chats import related
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, kind_of, require
from conformance.requirement import MAY, MUST, field, live, openai, requirement, sdk
from conformance.select import EMBEDDINGS, Selector

NODE = "openai-node decodes the list as base64: a quarter as many numbers, all wrong, no error"


def _several(x: Exchange) -> list[Any]:
    found = vectors.entries(x)
    if not found:
        raise NotApplicable("no `data`")
    return found


@requirement(
    "embeddings.count",
    MUST,
    "`data` holds one element for each input: a string or a list of tokens is one input.",
    source=openai("embeddings/create input"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=[
        "openai-python: ValueError 'No embedding data received' when it is empty",
        "clients that pair texts and vectors by position lose or mix documents",
    ],
)
def test_count(x: Exchange) -> None:
    wanted = vectors.inputs(x)
    body = x.json
    data = body.get("data") if isinstance(body, dict) else None
    if wanted is None or not isinstance(body, dict) or "error" in body:
        raise NotApplicable
    if data is not None and not isinstance(data, list):
        raise NotApplicable("`data` is no list")
    if len(data or ()) != len(wanted):
        fail("data", f"{len(wanted)} elements", f"{len(data or ())} elements")


def _indexes(x: Exchange) -> list[int]:
    found = [e.get("index") if isinstance(e, dict) else None for e in _several(x)]
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in found):
        raise NotApplicable("an `index` is no integer")
    return [int(n) for n in found if n is not None]


@requirement(
    "embeddings.index.complete",
    MUST,
    "The indexes count the elements from 0: each number once, none left out.",
    source=openai("embeddings/object index"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["clients that sort or fill by `index` overwrite vectors"],
)
def test_indexes(x: Exchange) -> None:
    found = _indexes(x)
    require(sorted(found) == list(range(len(found))), "data[].index", f"0 to {len(found) - 1}",
            found)  # fmt: skip


@requirement(
    "embeddings.index.order",
    MUST,
    "The elements come in the order of their indexes, which is that of the inputs.",
    source=field("https://github.com/agno-agi/agno/pull/10128"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["LangChain and others read by position: vectors belong to the wrong texts"],
)
def test_index_order(x: Exchange) -> None:
    found = _indexes(x)
    require(found == sorted(found), "data[].index", "ascending", found)


def _asked(title: str, *formats: Any) -> Selector:
    def matches(x: Exchange) -> bool:
        return EMBEDDINGS(x) and x.sent.get("encoding_format") in formats

    return Selector(title, matches)


@requirement(
    "embeddings.format.base64",
    MUST,
    "Where base64 was asked for, each `embedding` is a string.",
    source=sdk("openai-node 7.55 resources/embeddings.mjs decodes what it did not ask for itself"),
    needs="embeddings",
    over=_asked("embeddings asked for as base64", "base64"),
    breaks=[NODE, "openai-dotnet: FormatException"],
)
def test_base64_is_string(x: Exchange) -> None:
    for number, value in enumerate(vectors.embeddings(x)):
        if value is not None and not isinstance(value, str):
            fail(f"data[{number}].embedding", "a base64 string", _shown(value))


@requirement(
    "embeddings.format.float",
    MUST,
    "Where floats were asked for, each `embedding` is an array.",
    source=openai("embeddings/create encoding_format"),
    needs="embeddings",
    over=_asked("embeddings asked for as floats", "float"),
    breaks=["openai-python hands the string through: TypeError at the first use as numbers"],
)
def test_float_is_array(x: Exchange) -> None:
    _arrays(x)


@requirement(
    "embeddings.format.default",
    MUST,
    "Without `encoding_format` (or with null) each `embedding` is an array of floats.",
    source=openai("embeddings/create encoding_format"),
    needs="embeddings",
    over=_asked("embeddings without a format", None),
    breaks=["clients without base64 (Go, Java, curl) cannot read the vectors"],
)
def test_default_is_array(x: Exchange) -> None:
    _arrays(x)


def _arrays(x: Exchange) -> None:
    for number, value in enumerate(vectors.embeddings(x)):
        if value is not None and not isinstance(value, list):
            fail(f"data[{number}].embedding", "an array of numbers", _shown(value))


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"an array of {len(value)} values"
    return value[:80] if isinstance(value, str) else kind_of(value)


@requirement(
    "embeddings.base64.decodes",
    MUST,
    "A base64 `embedding` decodes to whole float32 numbers: a multiple of 4 bytes.",
    source=sdk("openai-python 3.51 resources/embeddings.py"),
    needs="embeddings.base64",
    over=_asked("embeddings asked for as base64", "base64"),
    breaks=["openai-python: ValueError 'buffer size must be a multiple of element size'"],
)
def test_decodes(x: Exchange) -> None:
    texts = [value for value in vectors.embeddings(x) if isinstance(value, str)]
    if not texts:
        raise NotApplicable
    for number, text in enumerate(texts):
        data = vectors.raw_bytes(text)
        if data is None:
            fail(f"data[{number}].embedding", "base64", text[:80])
        require(len(data) % 4 == 0, f"data[{number}].embedding", "a multiple of 4 bytes",
                f"{len(data)} bytes")  # fmt: skip


def _numbers(x: Exchange) -> list[tuple[int, list[float]]]:
    """The flat numeric vectors of an answer, finite or not."""
    found = []
    for number, value in enumerate(vectors.embeddings(x)):
        if isinstance(value, str):
            unpacked = vectors.unpack(value)
            if unpacked:
                found.append((number, list(unpacked)))
        elif (
            isinstance(value, list)
            and value
            and all(isinstance(n, int | float) and not isinstance(n, bool) for n in value)
        ):
            found.append((number, [float(n) for n in value]))
    if not found:
        raise NotApplicable("no vector")
    return found


@requirement(
    "embeddings.vector.finite",
    MUST,
    "No number of a vector is NaN or infinite.",
    source=openai("embeddings/object embedding"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["vector stores refuse the row, or every distance becomes NaN"],
)
def test_finite(x: Exchange) -> None:
    for number, values in _numbers(x):
        bad = [n for n in values if not math.isfinite(n)]
        if bad:
            fail(f"data[{number}].embedding", "finite numbers", str(bad[0]))


@requirement(
    "embeddings.vector.not-zero",
    MUST,
    "No vector is all zeros.",
    source=openai("embeddings/object embedding"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["cosine similarity divides by zero", "empty inputs look like hits of every search"],
)
def test_not_zero(x: Exchange) -> None:
    for number, values in _numbers(x):
        require(any(values), f"data[{number}].embedding", "numbers other than 0", "all zeros")


@requirement(
    "embeddings.vector.not-quantised",
    MUST,
    "A vector holds fractions, not numbers that were rounded to integers.",
    source=openai("embeddings/object embedding"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["int8 and binary vectors mixed with floats ruin every distance in an index"],
)
def test_fractions(x: Exchange) -> None:
    for number, values in _numbers(x):
        finite = [n for n in values if math.isfinite(n)]
        if len(finite) < 8 or not any(finite):
            raise NotApplicable
        whole = all(n == int(n) for n in finite)
        require(not whole, f"data[{number}].embedding", "fractions", finite[:6])


def _same_length(xs: tuple[Exchange, ...]) -> None:
    seen: dict[tuple[Any, ...], tuple[int, Exchange]] = {}
    for x in xs:
        for value in vectors.embeddings(x):
            if isinstance(value, list) and vectors.vector(value):
                length = len(value)
            elif isinstance(value, str) and (data := vectors.raw_bytes(value)) is not None:
                length = len(data) // 4
            else:
                continue
            kind = (x.sent.get("model"), x.endpoint, x.sent.get("dimensions"), type(value))
            before, where = seen.setdefault(kind, (length, x))
            if before != length:
                fail("data[].embedding", f"{before} numbers as in {where.id}", f"{length} numbers",
                     exchange=x)  # fmt: skip
    if not seen:
        raise NotApplicable


@requirement(
    "embeddings.vector.same-length",
    MUST,
    "All vectors of one model have the same length, whatever was embedded.",
    source=openai("embeddings/object embedding"),
    needs="embeddings",
    over=_asked("embeddings of full length", "float", "base64", None),
    together=True,
    breaks=["vector stores refuse rows of another dimension"],
)
def test_same_length(xs: tuple[Exchange, ...]) -> None:
    _same_length(xs)


@requirement(
    "embeddings.vector.unit-length",
    MAY,
    "Vectors have the length 1.",
    source=openai("embeddings FAQ: embeddings are normalized to length 1"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["searches by dot product rank by length instead of meaning"],
)
def test_unit(x: Exchange) -> None:
    for number, values in _numbers(x):
        length = vectors.norm(values)
        if isinstance(vectors.embeddings(x)[number], str):
            raise NotApplicable("base64: compared with the float answer")
        if not math.isfinite(length) or not length or x.sent.get("dimensions") is not None:
            raise NotApplicable
        require(abs(length - 1) < 0.01, f"data[{number}].embedding", "a norm of 1",
                f"{length:.4f}")  # fmt: skip


@requirement(
    "embeddings.model.echo",
    MUST,
    "`model` is the requested model, or a name that is derived from it.",
    source=live("embeddings: text-embedding-ada-002 answers as text-embedding-ada-002-v2"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=["indexes that note by which model they were made", "cost tables"],
)
def test_model(x: Exchange) -> None:
    body = x.json
    asked = x.sent.get("model")
    answered = body.get("model") if isinstance(body, dict) else None
    if not isinstance(asked, str) or not isinstance(answered, str) or not asked or not answered:
        raise NotApplicable
    require(related(asked, answered), "model", f"{asked} or a version of it", answered)
