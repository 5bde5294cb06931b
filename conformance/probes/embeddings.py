"""Embeddings: the forms of input, the two encodings, dimensions, batches."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.probe import Accepted, Context, Model, Skip, post, probe
from conformance.probes.errors_table import EMBEDDINGS, outside, wrong
from conformance.requirement import MAY, MUST, field, live, openai, sdk
from conformance.vectors import first

EMBEDDING = Model("embedding")
DINNER = "The food was delicious and the waiter was very friendly."
DINNER_AGAIN = "The food was really delicious and the waiter was friendly."
ENGINE = "Replace the head gasket before you start the diesel engine again."
TOKENS = [791, 374, 1037, 2204]
OTHER_TOKENS = [3000, 1200, 511]

# lengths rise and fall, so that a server that sorts a batch by length shows it
_THINGS = (
    "rain", "a green bicycle", "mountains under snow", "tax law in seven volumes", "bees",
    "an unfinished symphony", "chess", "the price of copper", "salt", "night trains to the coast",
    "glass", "a lecture on enzymes", "paper kites", "volcanoes", "how to knit a scarf", "owls",
    "an old map of the harbour", "tea", "goalkeepers", "the migration of storks", "ink",
    "clay pots from the bronze age", "satellites", "a violin teacher", "mushrooms", "ice hockey",
    "lighthouse keepers and their logbooks", "cheese", "the index of a book",
)  # fmt: skip
NEAR_AT, DINNER_AT, ENGINE_AT = 7, 20, 31


def _batch() -> list[str]:
    texts = list(_THINGS)
    texts.insert(NEAR_AT, DINNER_AGAIN)
    texts.insert(DINNER_AT, DINNER)
    texts.append(ENGINE)
    return texts


BATCH = _batch()

capability("embeddings", "embeddings", "embeddings", core=True)


def _is_base64(gate: Exchange) -> bool:
    return isinstance(gate.json["data"][0]["embedding"], str)


def _is_shorter(gate: Exchange) -> bool:
    found = first(gate)
    return found is not None and len(found) == gate.sent["dimensions"]


capability(
    "embeddings.base64",
    "base64 embeddings",
    "embeddings_base64",
    within="embeddings",
    took_effect=_is_base64,
    core=True,  # openai-python and openai-node ask for it by themselves
)
capability(
    "embeddings.dimensions",
    "embeddings of chosen length",
    "embeddings_dimensions",
    within="embeddings",
    took_effect=_is_shorter,
)
capability(
    "embeddings.tokens",
    "embeddings of token arrays",
    "embeddings_tokens",
    within="embeddings",
    core=True,  # what LangChain sends by itself
)


def _embed(name: str, id: str, text: str, *, level: Any = MUST, source: Any = None,
           breaks: tuple[str, ...] = (), needs: str = "embeddings", tier: str = "standard",
           **body: Any) -> None:  # fmt: skip
    accepted = None
    if id:
        accepted = Accepted(id, level, text, source or openai("embeddings/create"), breaks)
    probe(
        name,
        *post("/embeddings", **{"model": EMBEDDING, **body}),
        needs=needs,
        tier=tier,
        accepted=accepted,
    )


_embed(
    "embeddings",
    "embeddings.accepts.string",
    "An embedding of one string as floats is answered with success.",
    input=DINNER,
    encoding_format="float",
    tier="smoke",
)
_embed(
    "embeddings_plain",
    "embeddings.accepts.no-format",
    "`encoding_format` may be left out.",
    breaks=("curl, Go and Java clients send no `encoding_format`",),
    input=DINNER,
)
_embed(
    "embeddings_null_format",
    "embeddings.accepts.null-format",
    "`encoding_format: null` counts as absent.",
    source=field("https://github.com/vectorize-io/hindsight/pull/434"),
    breaks=("LiteLLM sends null by default: every embedding fails with 400 or 422",),
    input=ENGINE,
    encoding_format=None,
)
_embed(
    "embeddings_base64",
    "embeddings.accepts.base64",
    '`encoding_format: "base64"` is accepted.',
    source=sdk("openai-python 3.51 resources/embeddings.py asks for base64 by default"),
    breaks=("openai-python and openai-node send base64 unless told otherwise",),
    input=DINNER,
    encoding_format="base64",
)
_embed(
    "embeddings_base64_batch",
    "embeddings.accepts.base64-list",
    'A list of strings with `encoding_format: "base64"` is accepted.',
    input=[ENGINE, DINNER, *reversed(_THINGS)],
    encoding_format="base64",
)
_embed(
    "embeddings_near",
    "",
    "",
    input=DINNER_AGAIN,
    encoding_format="float",
)
_embed("embeddings_far", "", "", input=ENGINE, encoding_format="float")
_embed(
    "embeddings_one",
    "embeddings.accepts.list",
    "A list of one string is accepted.",
    input=[DINNER],
    encoding_format="float",
)
_embed(
    "embeddings_batch",
    "embeddings.accepts.batch",
    "A list of 32 strings is accepted.",
    breaks=("LangChain and LlamaIndex send batches of 100 and more",),
    input=BATCH,
    encoding_format="float",
)
_embed(
    "embeddings_repeated",
    "embeddings.accepts.repeated",
    "A list may hold the same string twice.",
    input=[DINNER, ENGINE, DINNER],
    encoding_format="float",
)
_embed(
    "embeddings_tokens",
    "embeddings.accepts.tokens",
    "A list of token ids is accepted as one input.",
    needs="embeddings.tokens",
    source=openai("embeddings/create input"),
    breaks=("programs that tokenise with tiktoken and send the ids",),
    input=TOKENS,
    encoding_format="float",
)
_embed(
    "embeddings_token_lists",
    "embeddings.accepts.token-lists",
    "A list of lists of token ids is accepted.",
    needs="embeddings.tokens",
    source=field("https://github.com/ggml-org/llama.cpp/issues/8887"),
    breaks=("LangChain OpenAIEmbeddings sends token ids by default",),
    input=[TOKENS, OTHER_TOKENS],
    encoding_format="float",
)
_embed(
    "embeddings_user",
    "embeddings.accepts.user",
    "`user` is accepted.",
    source=openai("embeddings/create user"),
    input=DINNER_AGAIN,
    encoding_format="float",
    user="conformance-user",
)
_embed(
    "embeddings_unicode",
    "embeddings.accepts.unicode",
    "Text of any script, with emoji and line breaks, is accepted.",
    input="naïve café, 東京の天気\nПривет, мир! 👩‍👩‍👧 🎉 \t“quoted” \\ back",
    encoding_format="float",
)


def shorter(full: int) -> int:
    """A number of dimensions that models with a choice of them usually have."""
    return 256 if full > 256 else 128 if full > 128 else max(1, full // 2)


def _dimensions(encoding: str, whole: bool = False, texts: Any = DINNER) -> Any:
    def body(c: Context) -> dict[str, object]:
        found = first(c["embeddings"])
        if not found:
            raise Skip("there is no full vector")
        full = len(found)
        return {
            "model": c.model("embedding"),
            "input": texts,
            "encoding_format": encoding,
            "dimensions": full if whole else shorter(full),
        }

    return body


probe(
    "embeddings_dimensions",
    "POST",
    "/embeddings",
    _dimensions("float"),
    needs="embeddings",
    after=("embeddings",),
)
probe(
    "embeddings_dimensions_base64",
    "POST",
    "/embeddings",
    _dimensions("base64", texts=[DINNER, ENGINE]),
    needs="embeddings.dimensions",
    after=("embeddings",),
    accepted=Accepted(
        "embeddings.dimensions.accepts-base64",
        MUST,
        '`dimensions` and `encoding_format: "base64"` are accepted together.',
        openai("embeddings/create dimensions"),
        ("the SDKs always send both",),
    ),
)
probe(
    "embeddings_dimensions_full",
    "POST",
    "/embeddings",
    _dimensions("float", whole=True),
    needs="embeddings.dimensions",
    after=("embeddings",),
    accepted=Accepted(
        "embeddings.dimensions.accepts-full",
        MUST,
        "`dimensions` may be the full number of dimensions.",
        openai("embeddings/create dimensions"),
        ("vector stores send the size of their column",),
    ),
)

# what is wrong with a request, beside the commonest mistakes in errors_routes
outside(
    EMBEDDINGS,
    "dimensions",
    1_000_000,
    "above",
    params=("dimensions", None),
    codes=(None,),
    needs="embeddings.dimensions",
)
wrong(
    EMBEDDINGS,
    "input-too-long",
    "An input longer than any model reads",
    input="a " * 40_000,
    params=("input", None),
    level=MAY,
    source=live("embeddings: maximum context length"),
    late=True,
)
wrong(
    EMBEDDINGS,
    "input-list-empty-string",
    "A list with an empty string",
    input=["hello", ""],
    params=("input", "input[1]", None),
    level=MAY,
)
wrong(
    EMBEDDINGS,
    "input-list-null",
    "A list with null in it",
    input=["hello", None],
    params=("input", "input[1]", None),
)
wrong(
    EMBEDDINGS,
    "input-empty-token-list",
    "A list with an empty list of tokens",
    input=[TOKENS, []],
    params=("input", "input[1]", None),
    level=MAY,
    needs="embeddings.tokens",
)
wrong(
    EMBEDDINGS,
    "input-negative-token",
    "A token id below 0",
    input=[-1],
    params=("input", "input[0]", None),
    level=MAY,
    needs="embeddings.tokens",
)
wrong(
    EMBEDDINGS,
    "input-too-deep",
    "Token ids nested three lists deep",
    input=[[[791]]],
    params=("input", "input[0]", None),
    level=MAY,
)
wrong(
    EMBEDDINGS,
    "encoding-format-type",
    "`encoding_format` that is a number",
    encoding_format=32,
    params=("encoding_format", None),
    codes=("invalid_type", "invalid_value", None),
)


def _chat_model(c: Context) -> dict[str, object]:
    if c.model("chat") == c.model("embedding"):
        raise Skip("one model is configured for chat and for embeddings")
    return {"model": c.model("chat"), "input": DINNER, "encoding_format": "float"}


probe("embeddings_chat_model", "POST", "/embeddings", _chat_model, needs="embeddings", valid=False)
