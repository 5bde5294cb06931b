"""Faults of embeddings: the numbers themselves, dimensions, token arrays, usage, model."""

from __future__ import annotations

import itertools
import math
from typing import Any

from conformance.reference import tokens
from conformance.reference.call import Call
from conformance.reference.config import EMBEDDING_DIMENSIONS, MODEL_EMBEDDING
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults.embeddings import (
    ROUTE,
    base64_asked,
    lists,
    of_tokens,
    packed,
    strings,
    unpacked,
)
from conformance.reference.vectors import embed

Json = dict[str, Any]
_counter = itertools.count()


def dimensions_asked(call: Call) -> bool:
    return call.fields.get("dimensions") is not None


def _set(reply: Json, change: Any) -> None:
    """Change every vector, in whichever encoding it is."""
    for entry in strings(reply):
        entry["embedding"] = packed("<f", change(unpacked(entry["embedding"])))
    for entry in lists(reply):
        entry["embedding"] = list(change(entry["embedding"]))


@fault("embeddings.vector.finite", at="reply", route=ROUTE,
       breaks=("embeddings.vector.finite", "embeddings.base64.equal"))  # fmt: skip
def not_a_number(call: Call, reply: Json) -> None:
    """Vectors in base64 begin with NaN, as from an overflow in float16."""
    for entry in strings(reply):
        entry["embedding"] = packed("<f", (math.nan, *unpacked(entry["embedding"])[1:]))


@fault("embeddings.vector.not-zero", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("user") is not None)  # fmt: skip
def zeros(call: Call, reply: Json) -> None:
    """What could not be embedded has a vector of zeros."""
    _set(reply, lambda v: [0.0] * len(v))
    call.state["zeros"] = True


@fault("embeddings.vector.not-quantised", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("user") is not None,
       breaks=("embeddings.vector.not-quantised", "embeddings.vector.unit-length"))  # fmt: skip
def int8(call: Call, reply: Json) -> None:
    """Vectors are 8-bit integers."""
    _set(reply, lambda v: [round(n * 500) for n in v])


@fault("embeddings.vector.same-length", at="reply", route=ROUTE,
       when=lambda call: not str(call.fields.get("input")).isascii(),
       breaks=("embeddings.vector.same-length", "embeddings.vector.unit-length"))  # fmt: skip
def one_for_each_token(call: Call, reply: Json) -> None:
    """The vectors of a text's tokens are joined to one long one."""
    _set(reply, lambda v: [*v, *v])


@fault("embeddings.vector.flat", at="reply", route=ROUTE,
       breaks=("embeddings.shape.data.embedding",), field_defects="emb-nested-array")  # fmt: skip
def nested(call: Call, reply: Json) -> None:
    """There is a vector for each token: a list of lists."""
    for entry in lists(reply):
        entry["embedding"] = [entry["embedding"]]


@fault("embeddings.vector.unit-length", at="reply", route=ROUTE)
def not_normalised(call: Call, reply: Json) -> None:
    """Vectors are not normalised."""
    _set(reply, lambda v: [7 * n for n in v])


@fault(
    "embeddings.batch.distinct",
    at="reply",
    route=ROUTE,
    breaks=("embeddings.batch.distinct", "embeddings.tokens.distinct"),
)
def constant(call: Call, reply: Json) -> None:
    """Every text has the same vector."""
    wanted = call.fields.get("dimensions") or EMBEDDING_DIMENSIONS
    _set(reply, lambda v: embed("constant", wanted))


@fault("embeddings.repeatable", at="reply", route=ROUTE,
       when=lambda call: not dimensions_asked(call))  # fmt: skip
def noisy(call: Call, reply: Json) -> None:
    """Vectors have a little noise."""
    turn = next(_counter)

    def change(v: Any) -> list[float]:
        made = [n + 0.003 * math.sin(turn * 7.0 + at * 1.3) for at, n in enumerate(v)]
        length = math.sqrt(sum(n * n for n in made))
        return [n / length for n in made]

    _set(reply, change)


@fault("embeddings.meaning", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("input") == _NEAR,
       breaks=("embeddings.meaning", "embeddings.batch.order"))  # fmt: skip
def hashes(call: Call, reply: Json) -> None:
    """Vectors are hashes of the text, without meaning."""
    # the opposite of another text's vector is as far as can be from everything of its kind
    _set(reply, lambda v: [-n for n in embed("The food was delicious")])


_NEAR = "The food was really delicious and the waiter was friendly."


# tokens


@fault("embeddings.tokens.same", at="reply", route=ROUTE,
       when=lambda call: of_tokens(call) and isinstance(call.fields["input"][0], int))  # fmt: skip
def token_array_as_text(call: Call, reply: Json) -> None:
    """A token array is embedded as the text of its numbers."""
    _set(reply, lambda v: embed(str(call.fields["input"])))


@fault("embeddings.tokens.distinct", at="reply", route=ROUTE, when=of_tokens)
def tokens_unread(call: Call, reply: Json) -> None:
    """Token arrays are all embedded as the empty text."""
    _set(reply, lambda v: embed(" "))


# dimensions


@fault("embeddings.dimensions.honoured", at="accepted", route=ROUTE, when=dimensions_asked,
       breaks=("embeddings.dimensions.honoured", "embeddings.dimensions.base64"))  # fmt: skip
def ignores_dimensions(call: Call, body: Json) -> Json:
    """dimensions is ignored."""
    return {**body, "dimensions": None}


@fault("embeddings.dimensions.honoured/padded", at="reply", route=ROUTE, when=dimensions_asked,
       breaks=("embeddings.dimensions.honoured", "embeddings.dimensions.base64",
               "embeddings.dimensions.beginning"))  # fmt: skip
def padded(call: Call, reply: Json) -> None:
    """Vectors are shortened and filled with zeros to the full length."""
    _set(reply, lambda v: [*v, *[0.0] * (EMBEDDING_DIMENSIONS - len(v))])


@fault("embeddings.dimensions.honoured/crash", at="request", route=ROUTE,
       when=lambda call: dimensions_asked(call) and isinstance(call.fields["dimensions"], int)
       and 0 < call.fields["dimensions"] < EMBEDDING_DIMENSIONS and not base64_asked(call),
       breaks=("embeddings.dimensions.honoured",))  # fmt: skip
def dimensions_crash(call: Call, body: Json) -> None:
    """dimensions is a crash."""
    from conformance.reference.faults.embeddings import crash

    raise crash("forward() got an unexpected keyword argument 'dimensions'")


@fault("embeddings.dimensions.base64", at="reply", route=ROUTE,
       when=lambda call: dimensions_asked(call) and base64_asked(call))  # fmt: skip
def base64_full(call: Call, reply: Json) -> None:
    """dimensions is ignored in base64."""
    given = call.fields["input"]
    texts = given if isinstance(given, list) else [given]
    for entry, text in zip(strings(reply), texts, strict=False):
        entry["embedding"] = packed("<f", embed(text))


@fault("embeddings.dimensions.accepts-base64", at="request", route=ROUTE)
def not_both(call: Call, body: Json) -> None:
    """dimensions and base64 together are refused."""
    if base64_asked(call) and dimensions_asked(call):
        raise invalid("dimensions cannot be combined with base64", "dimensions")


@fault("embeddings.dimensions.accepts-full", at="request", route=ROUTE)
def off_by_one(call: Call, body: Json) -> None:
    """dimensions has to be smaller than the full length."""
    if body.get("dimensions") == EMBEDDING_DIMENSIONS:
        raise invalid("dimensions must be less than the size of the model", "dimensions")


@fault("embeddings.dimensions.full", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("dimensions") == EMBEDDING_DIMENSIONS)  # fmt: skip
def other_when_full(call: Call, reply: Json) -> None:
    """With dimensions the vector is another one."""
    _set(reply, lambda v: list(v)[::-1])


@fault("embeddings.dimensions.normalised", at="reply", route=ROUTE, when=dimensions_asked,
       field_defects="emb-dimensions-not-renormalised")  # fmt: skip
def only_cut(call: Call, reply: Json) -> None:
    """Shortened vectors are not normalised again."""
    _set(reply, lambda v: [0.7 * n for n in v])


@fault("embeddings.dimensions.beginning", at="reply", route=ROUTE, when=dimensions_asked,
       breaks=("embeddings.dimensions.beginning", "embeddings.dimensions.full"))  # fmt: skip
def the_end(call: Call, reply: Json) -> None:
    """The end of the vector is kept instead of its beginning."""
    _set(reply, lambda v: list(v)[::-1])


# usage and model


def _usage(reply: Json, count: int) -> None:
    reply["usage"] = {"prompt_tokens": count, "total_tokens": count}


@fault("embeddings.usage.total", at="reply", route=ROUTE)
def other_total(call: Call, reply: Json) -> None:
    """total_tokens counts one more."""
    reply["usage"]["total_tokens"] += 1


@fault("embeddings.usage.every-input", at="reply", route=ROUTE,
       breaks=("embeddings.usage.every-input", "embeddings.usage.grows",
               "embeddings.usage.token-arrays"))  # fmt: skip
def no_tokens(call: Call, reply: Json) -> None:
    """usage is always 0."""
    _usage(reply, 0)


@fault("embeddings.usage.grows", at="reply", route=ROUTE,
       breaks=("embeddings.usage.grows", "embeddings.usage.every-input", "embeddings.usage.sum",
               "embeddings.usage.token-arrays"))  # fmt: skip
def always_ten(call: Call, reply: Json) -> None:
    """usage is always 10."""
    _usage(reply, 10)


@fault("embeddings.usage.tokens-not-characters", at="reply", route=ROUTE)
def characters(call: Call, reply: Json) -> None:
    """usage counts characters."""
    given = call.fields["input"]
    texts = [given] if isinstance(given, str) else given
    if isinstance(texts[0], str):
        _usage(reply, sum(map(len, texts)))


@fault("embeddings.usage.token-arrays", at="reply", route=ROUTE)
def tokens_as_text(call: Call, reply: Json) -> None:
    """Of token arrays the digits are counted."""
    if of_tokens(call):
        _usage(reply, 3 * tokens.count(str(call.fields["input"])))


@fault("embeddings.usage.sum", at="reply", route=ROUTE)
def padding_counted(call: Call, reply: Json) -> None:
    """usage counts the padding of a batch."""
    given = call.fields["input"]
    if isinstance(given, list) and isinstance(given[0], str):
        _usage(reply, len(given) * (max(map(tokens.count, given)) + 1))


@fault("embeddings.usage.same-for-encodings", at="reply", route=ROUTE, when=base64_asked)
def base64_twice(call: Call, reply: Json) -> None:
    """usage of base64 answers is counted twice."""
    _usage(reply, 2 * reply["usage"]["prompt_tokens"])


@fault("embeddings.usage.absent", at="reply", route=ROUTE,
       breaks=("embeddings.shape.usage",), field_defects="emb-usage-missing")  # fmt: skip
def no_usage(call: Call, reply: Json) -> None:
    """There is no usage."""
    del reply["usage"]


@fault("embeddings.model.echo", at="reply", route=ROUTE)
def other_model(call: Call, reply: Json) -> None:
    """model is the file that was loaded."""
    reply["model"] = "/data/bert-base.gguf"


@fault("embeddings.model.refused", at="request", route=ROUTE)
def any_model(call: Call, body: Json) -> None:
    """Chat models embed, whatever comes of it."""
    model = body.get("model")
    card = call.config.models.get(model) if isinstance(model, str) else None
    if card is not None and card.kind == "chat":
        body["model"] = MODEL_EMBEDDING


@fault("embeddings.encoding-format.unknown", at="request", route=ROUTE,
       breaks=("errors.embeddings.encoding-format-unknown",
               "errors.embeddings.encoding-format-type"),
       field_defects="emb-invalid-encoding-accepted")  # fmt: skip
def any_format(call: Call, body: Json) -> None:
    """Unknown encodings count as float."""
    if body.get("encoding_format") not in ("float", "base64", None):
        body["encoding_format"] = "float"
