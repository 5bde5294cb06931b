"""What embeddings say that they used."""

from __future__ import annotations

from conformance import vectors
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, live, openai, requirement
from conformance.select import EMBEDDINGS

BILLS = ["cost accounting counts too little or too much"]
SPECIAL = 4
"""Tokens that a model puts around each input, at most."""


def _used(x: Exchange) -> int:
    count = vectors.prompt_tokens(x)
    if count is None:
        raise NotApplicable("no `usage.prompt_tokens`")
    return count


@requirement(
    "embeddings.usage.total",
    MUST,
    "`usage.total_tokens` equals `usage.prompt_tokens`: nothing is generated.",
    source=live("embeddings 2023 to 2026: equal in all"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=BILLS,
)
def test_total(x: Exchange) -> None:
    used = _used(x)
    total = x.json["usage"].get("total_tokens")
    if not isinstance(total, int):
        raise NotApplicable("no `usage.total_tokens`")
    require(total == used, "usage.total_tokens", f"{used}, as usage.prompt_tokens", total)


@requirement(
    "embeddings.usage.every-input",
    MUST,
    "`usage.prompt_tokens` counts at least one token for each input.",
    source=openai("embeddings/create"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=BILLS,
)
def test_every_input(x: Exchange) -> None:
    wanted = vectors.inputs(x)
    used = _used(x)
    if not wanted:
        raise NotApplicable
    if used < len(wanted):
        fail("usage.prompt_tokens", f"at least {len(wanted)}, one for each input", used)


@requirement(
    "embeddings.usage.tokens-not-characters",
    SHOULD,
    "`usage.prompt_tokens` counts tokens: English text has fewer of them than letters.",
    source=openai("embeddings/create"),
    needs="embeddings",
    over=EMBEDDINGS,
    breaks=BILLS,
)
def test_not_characters(x: Exchange) -> None:
    wanted = vectors.inputs(x) or []
    texts = [text for text in wanted if isinstance(text, str)]
    letters = sum(map(len, texts))
    if not texts or letters < 40 * len(texts) or not all(text.isascii() for text in texts):
        raise NotApplicable("no long English text")
    most = int(letters * 0.8)
    require(_used(x) <= most, "usage.prompt_tokens", f"at most {most}", _used(x))


@requirement(
    "embeddings.usage.token-arrays",
    SHOULD,
    "For token arrays `usage.prompt_tokens` is their number.",
    source=live("embeddings 2023 to 2025: token arrays"),
    needs="embeddings.tokens",
    over=EMBEDDINGS,
    breaks=BILLS,
)
def test_token_arrays(x: Exchange) -> None:
    arrays = [item for item in vectors.inputs(x) or [] if isinstance(item, list)]
    if not arrays:
        raise NotApplicable("no token arrays")
    given = sum(map(len, arrays))
    most = given + SPECIAL * len(arrays)
    require(given <= _used(x) <= most, "usage.prompt_tokens", f"{given}", _used(x))


@requirement(
    "embeddings.usage.sum",
    MUST,
    "`usage` of a batch is the sum of what its inputs use alone.",
    source=openai("embeddings/create"),
    needs="embeddings",
    breaks=BILLS,
)
def test_sum(embeddings: Exchange, embeddings_far: Exchange, embeddings_repeated: Exchange) -> None:
    alone = 2 * _used(embeddings) + _used(embeddings_far)
    used = _used(embeddings_repeated)
    require(used == alone, "usage.prompt_tokens", f"{alone}, the sum of the inputs", used)


@requirement(
    "embeddings.usage.grows",
    MUST,
    "`usage.prompt_tokens` grows with the input.",
    source=openai("embeddings/create"),
    needs="embeddings",
    breaks=BILLS,
)
def test_grows(embeddings: Exchange, embeddings_batch: Exchange) -> None:
    one, many = _used(embeddings), _used(embeddings_batch)
    require(many > one, "usage.prompt_tokens", f"more than the {one} of one sentence", many)


@requirement(
    "embeddings.usage.same-for-encodings",
    MUST,
    "The encoding of the answer does not change `usage`.",
    source=openai("embeddings/create encoding_format"),
    needs="embeddings.base64",
    breaks=BILLS,
)
def test_same(embeddings: Exchange, embeddings_base64: Exchange) -> None:
    one, two = _used(embeddings), _used(embeddings_base64)
    require(one == two, "usage.prompt_tokens", f"{one}, as for floats", two)
