"""Faults of embeddings: counts, order, encodings, input forms."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError, invalid
from conformance.reference.fault import fault

Json = dict[str, Any]
ROUTE = "embeddings"


def crash(message: str) -> ApiError:
    return ApiError(500, message, type="server_error")


def packed(kind: str, numbers: Any) -> str:
    """Numbers in base64, by the letters of :mod:`struct`."""
    return base64.b64encode(struct.pack(f"{kind[0]}{len(numbers)}{kind[1]}", *numbers)).decode()


def unpacked(text: str) -> tuple[float, ...]:
    data = base64.b64decode(text)
    return struct.unpack(f"<{len(data) // 4}f", data)


def strings(reply: Json) -> Iterator[Json]:
    """The elements whose vector is base64."""
    return (entry for entry in reply["data"] if isinstance(entry["embedding"], str))


def lists(reply: Json) -> Iterator[Json]:
    """The elements whose vector is a list."""
    return (entry for entry in reply["data"] if isinstance(entry["embedding"], list | tuple))


def base64_asked(call: Call) -> bool:
    return call.fields.get("encoding_format") == "base64"


def several(call: Call) -> bool:
    given = call.fields.get("input")
    return isinstance(given, list) and len(given) > 1 and not isinstance(given[0], int)


def of_tokens(call: Call) -> bool:
    """The input is made of token ids."""
    given = call.fields.get("input")
    return isinstance(given, list) and bool(given) and not isinstance(given[0], str)


# what is refused


def _refuses(id: str, text: str, when: Any, *, field: str | tuple[str, ...] = (),
             error: Any = None) -> None:  # fmt: skip
    def hook(call: Call, body: Json) -> None:
        if "input" in body and when(body):
            raise error() if error else invalid("Input should be a valid value")

    fault(id, at="request", route=ROUTE, text=text, field_defects=field)(hook)


_refuses("embeddings.accepts.string", "A single string is refused: the input has to be a list.",
         lambda b: isinstance(b["input"], str) and b.get("encoding_format") == "float"
         and b["input"].startswith("The food was delicious") and "dimensions" not in b)  # fmt: skip
_refuses("embeddings.accepts.no-format", "encoding_format is required.",
         lambda b: "encoding_format" not in b and isinstance(b.get("input"), str)
         and b["input"].startswith("The food"))  # fmt: skip
_refuses("embeddings.accepts.null-format", "encoding_format: null is refused.",
         lambda b: b.get("encoding_format", 1) is None,
         field="emb-null-encoding-format-rejected")  # fmt: skip
_refuses("embeddings.accepts.base64-list", "Base64 of several inputs is a crash.",
         lambda b: b.get("encoding_format") == "base64" and isinstance(b["input"], list),
         error=lambda: crash("tolist() has no attribute tobytes"))  # fmt: skip
_refuses("embeddings.accepts.list", "A list of one string is a crash.",
         lambda b: isinstance(b["input"], list) and len(b["input"]) == 1
         and str(b["input"][0]).startswith("The food"),
         error=lambda: crash("too many values to unpack"))  # fmt: skip
_refuses("embeddings.accepts.batch", "Batches of more than 16 are refused.",
         lambda b: isinstance(b["input"], list) and 16 < len(b["input"]) < 2000)  # fmt: skip
_refuses("embeddings.accepts.repeated", "A text that occurs twice in a batch is a crash.",
         lambda b: isinstance(b["input"], list) and len(b["input"]) == 3
         and len({str(t) for t in b["input"]}) == 2,
         error=lambda: crash("dictionary changed size"))  # fmt: skip
_refuses("embeddings.accepts.token-lists", "Lists of token lists are refused.",
         lambda b: isinstance(b["input"], list) and len(b["input"]) == 2
         and all(isinstance(t, list) and t and t[0] > 0 for t in b["input"]),
         field="emb-token-array-rejected")  # fmt: skip
_refuses(
    "embeddings.accepts.user", "user is refused as an unknown parameter.", lambda b: "user" in b
)
_refuses("embeddings.accepts.unicode", "Text that is not ASCII is a crash.",
         lambda b: isinstance(b["input"], str) and not b["input"].isascii(),
         error=lambda: crash("'ascii' codec can't encode characters"))  # fmt: skip


@fault("embeddings.accepts.base64", at="request", route=ROUTE,
       breaks=("embeddings.accepts.base64", "embeddings.accepts.base64-list",
               "embeddings.dimensions.accepts-base64"))  # fmt: skip
def refuses_base64(call: Call, body: Json) -> None:
    """base64 is refused, the default of every SDK."""
    if base64_asked(call):
        raise invalid("encoding_format: only 'float' is supported", "encoding_format")


@fault("embeddings.accepts.tokens", at="request", route=ROUTE,
       breaks=("embeddings.accepts.tokens",))  # fmt: skip
def refuses_tokens(call: Call, body: Json) -> None:
    """A list of token ids is refused."""
    given = body.get("input")
    if isinstance(given, list) and given and isinstance(given[0], int) and given[0] > 0:
        raise invalid("Input should be a valid string", "input", "invalid_type")


# count, order, index


@fault("embeddings.count", at="reply", route=ROUTE, when=several,
       breaks=("embeddings.count",))  # fmt: skip
def loses_the_last(call: Call, reply: Json) -> None:
    """The last input of a batch has no vector."""
    del reply["data"][-1]


@fault("embeddings.count/first-only", at="reply", route=ROUTE, breaks=("embeddings.count",))
def first_only(call: Call, reply: Json) -> None:
    """Only the first input is embedded."""
    del reply["data"][1:]


@fault("embeddings.count/deduplicated", at="reply", route=ROUTE, breaks=("embeddings.count",))
def deduplicated(call: Call, reply: Json) -> None:
    """A text that occurs twice in a batch has one vector."""
    kept: dict[str, Json] = {}
    for entry in reply["data"]:
        kept.setdefault(str(entry["embedding"]), entry)
    reply["data"] = list(kept.values())
    for number, entry in enumerate(reply["data"]):
        entry["index"] = number


@fault("embeddings.count/tokens-one-by-one", at="reply", route=ROUTE,
       breaks=("embeddings.count",))  # fmt: skip
def each_token(call: Call, reply: Json) -> None:
    """Each id of a token array counts as an input."""
    given = call.fields["input"]
    if isinstance(given, list) and isinstance(given[0], int):
        reply["data"] = [{**reply["data"][0], "index": n} for n in range(len(given))]


@fault("embeddings.count/base64-empty", at="reply", route=ROUTE, when=base64_asked,
       breaks=("embeddings.count", "embeddings.shape.data"),
       field_defects="emb-base64-empty-data")  # fmt: skip
def no_base64_data(call: Call, reply: Json) -> None:
    """base64 is answered with 200 and no data."""
    reply["data"] = []


@fault("embeddings.index.complete", at="reply", route=ROUTE)
def all_zero_indexes(call: Call, reply: Json) -> None:
    """Every index is 0."""
    for entry in reply["data"]:
        entry["index"] = 0


@fault("embeddings.index.complete/from-one", at="reply", route=ROUTE,
       breaks=("embeddings.index.complete",))  # fmt: skip
def from_one(call: Call, reply: Json) -> None:
    """The index counts from 1."""
    for entry in reply["data"]:
        entry["index"] += 1


@fault("embeddings.index.order", at="reply", route=ROUTE,
       when=lambda call: several(call) and len(call.fields["input"]) > 4,
       breaks=("embeddings.index.order", "embeddings.batch.order"),
       field_defects="emb-order-index")  # fmt: skip
def as_they_finish(call: Call, reply: Json) -> None:
    """The vectors come as they were finished, each with its index."""
    reply["data"].sort(key=lambda entry: (entry["index"] * 13) % 32)


@fault(
    "embeddings.batch.order",
    at="reply",
    route=ROUTE,
    when=several,
    breaks=("embeddings.batch.order", "embeddings.base64.order", "embeddings.tokens.same"),
)
def reversed_vectors(call: Call, reply: Json) -> None:
    """The vectors come in the opposite order, under the indexes of others."""
    found = [entry["embedding"] for entry in reply["data"]]
    for entry, vector in zip(reply["data"], reversed(found), strict=True):
        entry["embedding"] = vector


@fault("embeddings.batch.order/by-length", at="reply", route=ROUTE,
       when=lambda call: several(call) and len(call.fields["input"]) > 4,
       breaks=("embeddings.batch.order",))  # fmt: skip
def sorted_by_length(call: Call, reply: Json) -> None:
    """Batches are sorted by length and not sorted back."""
    texts = call.fields["input"]
    order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
    found = [reply["data"][n]["embedding"] for n in order]
    for entry, vector in zip(reply["data"], found, strict=True):
        entry["embedding"] = vector


@fault("embeddings.base64.order", at="reply", route=ROUTE,
       when=lambda call: several(call) and base64_asked(call))  # fmt: skip
def base64_backwards(call: Call, reply: Json) -> None:
    """A batch in base64 comes in the opposite order."""
    reversed_vectors(call, reply)


@fault("embeddings.batch.repeated", at="reply", route=ROUTE,
       when=lambda call: several(call) and len(call.fields["input"]) == 3)  # fmt: skip
def second_time_other(call: Call, reply: Json) -> None:
    """The second occurrence of a text has the vector of its neighbour."""
    reply["data"][2]["embedding"] = reply["data"][1]["embedding"]


# encodings


@fault("embeddings.format.base64", at="accepted", route=ROUTE, when=base64_asked,
       field_defects="emb-float-array-when-base64-asked")  # fmt: skip
def ignores_format(call: Call, body: Json) -> None:
    """encoding_format is ignored: there are always lists of floats."""
    body["encoding_format"] = "float"


@fault("embeddings.format.base64/wrapped", at="reply", route=ROUTE, when=base64_asked,
       breaks=("embeddings.format.base64", "embeddings.shape.data.embedding"))  # fmt: skip
def wrapped(call: Call, reply: Json) -> None:
    """The base64 string stands in a list of one."""
    for entry in strings(reply):
        entry["embedding"] = [entry["embedding"]]


@fault("embeddings.format.float", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("encoding_format") == "float")  # fmt: skip
def always_base64(call: Call, reply: Json) -> None:
    """Floats were asked for, base64 comes."""
    for entry in lists(reply):
        entry["embedding"] = packed("<f", entry["embedding"])


@fault("embeddings.format.default", at="reply", route=ROUTE,
       when=lambda call: call.fields.get("encoding_format") is None)  # fmt: skip
def default_is_base64(call: Call, reply: Json) -> None:
    """base64 is the default of the server, not of the client."""
    for entry in lists(reply):
        entry["embedding"] = packed("<f", entry["embedding"])


@fault("embeddings.base64.decodes", at="reply", route=ROUTE,
       breaks=("embeddings.base64.decodes", "embeddings.base64.count",
               "embeddings.dimensions.base64"))  # fmt: skip
def half_a_number(call: Call, reply: Json) -> None:
    """The base64 is cut off within a number."""
    for entry in strings(reply):
        entry["embedding"] = base64.b64encode(base64.b64decode(entry["embedding"])[:-3]).decode()


@fault("embeddings.base64.decodes/url-safe", at="reply", route=ROUTE, when=base64_asked,
       breaks=("embeddings.base64.decodes", "embeddings.shape.data.embedding"))  # fmt: skip
def url_safe(call: Call, reply: Json) -> None:
    """The base64 has the alphabet of URLs."""
    for entry in strings(reply):
        text = entry["embedding"].replace("+", "-").replace("/", "_")
        entry["embedding"] = text if text != entry["embedding"] else "--__" + text[4:]


@fault("embeddings.base64.count", at="reply", route=ROUTE,
       breaks=("embeddings.base64.count", "embeddings.dimensions.base64"),
       field_defects="emb-base64-float64")  # fmt: skip
def doubles(call: Call, reply: Json) -> None:
    """Base64 holds float64."""
    for entry in strings(reply):
        entry["embedding"] = packed("<d", unpacked(entry["embedding"]))


@fault("embeddings.base64.count/halves", at="reply", route=ROUTE,
       breaks=("embeddings.base64.count", "embeddings.dimensions.base64"))  # fmt: skip
def halves(call: Call, reply: Json) -> None:
    """Base64 holds float16."""
    for entry in strings(reply):
        entry["embedding"] = packed("<e", unpacked(entry["embedding"]))


@fault("embeddings.base64.equal", at="reply", route=ROUTE)
def backwards(call: Call, reply: Json) -> None:
    """Base64 holds the numbers in the opposite order."""
    for entry in strings(reply):
        entry["embedding"] = packed("<f", unpacked(entry["embedding"])[::-1])


@fault("embeddings.base64.equal/big-endian", at="reply", route=ROUTE,
       breaks=("embeddings.base64.equal", "embeddings.vector.finite"))  # fmt: skip
def big_endian(call: Call, reply: Json) -> None:
    """Base64 holds big-endian numbers."""
    for entry in strings(reply):
        entry["embedding"] = packed(">f", unpacked(entry["embedding"]))


@fault("embeddings.base64.equal/not-normalised", at="reply", route=ROUTE,
       breaks=("embeddings.base64.equal",))  # fmt: skip
def base64_longer(call: Call, reply: Json) -> None:
    """Only float answers are normalised."""
    for entry in strings(reply):
        entry["embedding"] = packed("<f", [3 * n for n in unpacked(entry["embedding"])])


@fault("embeddings.format.same-vector", at="reply", route=ROUTE,
       when=lambda call: "encoding_format" not in call.fields)  # fmt: skip
def other_default(call: Call, reply: Json) -> None:
    """The default path gives other vectors."""
    for entry in lists(reply):
        entry["embedding"] = entry["embedding"][::-1]


@fault("embeddings.list-of-one", at="reply", route=ROUTE,
       when=lambda call: isinstance(call.fields.get("input"), list)
       and len(call.fields["input"]) == 1
       and isinstance(call.fields["input"][0], str))  # fmt: skip
def as_document(call: Call, reply: Json) -> None:
    """Lists are embedded as documents, strings as queries."""
    for entry in lists(reply):
        entry["embedding"] = entry["embedding"][::-1]
