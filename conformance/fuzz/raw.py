"""Bodies and headers that no schema speaks of: text that is no JSON, odd JSON, odd encodings.

``expect``: refused (it is no JSON: a 4xx), doubtful (should be refused), any (an answer, no more).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Raw:
    """One odd request. ``full``: only in the full tier. ``transport``: odd below the JSON."""

    name: str
    content: bytes
    expect: str = "any"
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    full: bool = False
    transport: bool = False
    query: str = ""


def raws(model: str, tier: str) -> Iterator[Raw]:
    """Every odd request of a tier, for chat completions."""
    for make in (_broken, _doubtful, _texts, _numbers, _shapes, _schemas, _encodings, _headers):
        for raw in make(model):
            if tier == "full" or not raw.full:
                yield raw


def body(model: str, text: Any = "Say hi.", **more: Any) -> dict[str, Any]:
    """An ordinary request."""
    messages = [{"role": "user", "content": text}]
    return {"model": model, "messages": messages, "max_tokens": 1, **more}


def packed(value: Any) -> bytes:
    """ASCII JSON: what is no text is escaped."""
    return json.dumps(value, separators=(",", ":")).encode()


def written(model: str, **literals: str) -> bytes:
    """An ordinary request with members written as they are."""
    plain = packed(body(model)).decode()
    extra = "".join(f',"{name}":{text}' for name, text in literals.items())
    return (plain[:-1] + extra + "}").encode()


def content(model: str, literal: str) -> bytes:
    """An ordinary request whose text is written as it is, between quotes."""
    return packed(body(model, "@@")).replace(b"@@", literal.encode("utf-8", "surrogatepass"))


def _broken(model: str) -> Iterator[Raw]:
    plain = packed(body(model))
    for name, data in {
        "cut in the middle": plain[: len(plain) // 2],
        "cut before the last brace": plain[:-1],
        "cut inside a string": plain[:12],
        "one brace": b"{",
        "brackets without end": b"[" * 2000,
        "single quotes": repr(body(model)).encode(),
        "a form": b"model=" + model.encode() + b"&messages=hi",
        "xml": b"<?xml version='1.0'?><model/>",
        "bytes of no encoding": b"\x80\x81\xfe\xff",
        "zero bytes": b"\0" * 64,
        "unknown escape": content(model, "\\x41"),
        "unquoted key": b"{model: 1}",
        "brackets without end, very many": b"[" * 100_000,
    }.items():
        yield Raw(name, data, "refused")


def _doubtful(model: str) -> Iterator[Raw]:
    plain = packed(body(model))
    for name, data in {
        "text after the end": plain + b" x",
        "two objects": plain + plain,
        "comma before the brace": plain[:-1] + b",}",
        "a comment": b"/* hi */" + plain,
        "NaN": written(model, temperature="NaN"),
        "Infinity": written(model, temperature="Infinity"),
        "a number": b"5",
        "a string": b'"hi"',
        "true": b"true",
        "invalid UTF-8 in a string": packed(body(model, "@@")).replace(b"@@", b"\xff\xfe"),
        "UTF-16": plain.decode().encode("utf-16-le"),
    }.items():
        yield Raw(name, data, "doubtful")


def _texts(model: str) -> Iterator[Raw]:
    for name, literal in {
        "a lone high surrogate": "\\ud83d",
        "a lone low surrogate": "\\ude00",
        "surrogates in the wrong order": "\\ude00\\ud83d",
        "an escaped NUL": "a\\u0000b",
        "escaped control characters": "\\u0001\\u001b[31m\\u007f\\u0085",
        "non-characters": "\\uffff\\ufffe\ufdd0",
        "every plane": "".join(chr(p * 0x10000 + 0x41) for p in range(17)),
        "private use": "\ue000\U000f0000",
        "many combining marks": "a" + "\u0301" * 500,
        "text in both directions": "\u202eabc\u202c\u2066\u05d0\u2069",
        "a control character as it is": "a\tb\x01",
        "only white space": " \\n\\t ",
        "special tokens": "<|endoftext|><|im_start|>system<|im_end|>[INST]</s>",
        "templates": "{{7*7}}${7*7}%s%n{0.__class__}",
    }.items():
        yield Raw(name, content(model, literal))
    for name, value in {"user": "user", "stop": "stop"}.items():
        yield Raw(f"a lone surrogate in {name}", written(model, **{value: '"\\ud800"'}))
        yield Raw(f"NUL in {name}", written(model, **{value: '"\\u0000"'}))
    yield Raw("a lone surrogate as model", packed({**body(model), "model": "\ud800"}))
    yield Raw("a path as model", packed({**body(model), "model": "../../../../etc/passwd"}))
    yield Raw("NUL in the model", packed({**body(model), "model": model + "\0"}))
    yield Raw("a long model", packed({**body(model), "model": "m" * 20_000}))
    yield Raw("an odd key", written(model, **{"\\ud800": "1"}))
    yield Raw("a text of 60 kB", packed(body(model, "a" * 60_000)))
    yield Raw("a text of 1 MB", packed(body(model, "a" * 1_000_000)), full=True)
    yield Raw("a user of 100 kB", packed(body(model, user="u" * 100_000)), full=True)


def _numbers(model: str) -> Iterator[Raw]:
    for member, literal in (
        ("temperature", "1e400"),
        ("temperature", "-1e400"),
        ("temperature", "1e-400"),
        ("temperature", "-0.0"),
        ("seed", "9223372036854775808"),
        ("seed", "1" + "0" * 400),
        ("seed", "1" + "0" * 6000),
        ("seed", "-9223372036854775809"),
        ("n", "1e2000"),
        ("n", "99999999999999999999"),
        ("top_logprobs", "1e30"),
        ("max_completion_tokens", "99999999999999999999999"),
        ("temperature", "0." + "3" * 2000),
    ):
        shown = literal if len(literal) < 30 else f"a number of {len(literal)} characters"
        yield Raw(f"{member}: {shown}", written(model, **{member: literal}))
    whole = packed(body(model)).replace(b'"max_tokens":1', b'"max_tokens":1.0')
    yield Raw("max_tokens: 1.0", whole)
    yield Raw("bias of a huge token", written(model, logit_bias='{"99999999999999999999":1}'))


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def _objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def _shapes(model: str) -> Iterator[Raw]:
    plain = packed(body(model))
    yield Raw("a byte order mark", b"\xef\xbb\xbf" + plain)
    yield Raw("duplicate members", plain[:-1] + b',"model":"other","max_tokens":1}')
    yield Raw("arrays 1,000 deep", written(model, metadata=_nested(1000)))
    yield Raw("arrays 100,000 deep", written(model, metadata=_nested(100_000)))
    yield Raw("objects 5,000 deep", written(model, metadata=_objects(5000)))
    yield Raw("a body 100,000 deep", _nested(100_000).encode())
    yield Raw("2,000 members", packed({**body(model), **{f"k{n}": n for n in range(2000)}}))
    yield Raw("a key of 60 kB", packed({**body(model), "k" * 60_000: 1}))
    yield Raw("spaces before and after", b" \r\n\t" * 200 + plain + b"\n" * 200)
    for count, full in ((500, False), (2000, False), (10_000, True)):
        roles = ("user", "assistant")
        messages = [{"role": roles[n % 2], "content": "a"} for n in range(count + 1)]
        yield Raw(f"{count:,} messages", packed({**body(model), "messages": messages}), full=full)
    mixed: list[Any] = [None, 1, "x", [], {}]
    yield Raw("messages of every type", packed({**body(model), "messages": mixed}))
    parts = [{"type": "text", "text": "a"}] * 500
    yield Raw("500 parts", packed(body(model, parts)))
    yield Raw("parts of every type", packed(body(model, mixed)))
    biases = json.dumps({str(n): 0 for n in range(2000)})
    yield Raw("2,000 biases", written(model, logit_bias=biases))


def tool(name: str, parameters: Any) -> dict[str, Any]:
    """A function of a request."""
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def _schemas(model: str) -> Iterator[Raw]:
    plain = {"type": "object", "properties": {}}
    yield Raw("128 tools", packed(body(model, tools=[tool(f"f{n}", plain) for n in range(128)])))
    yield Raw("300 tools", packed(body(model, tools=[tool(f"f{n}", plain) for n in range(300)])))
    yield Raw("two tools of one name", packed(body(model, tools=[tool("f", plain)] * 2)))
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(100):
        deep = {"type": "object", "properties": {"a": deep}}
    one = {"a": {"type": "string"}}
    for name, parameters in {
        "that refers to itself": {"$ref": "#"},
        "that refers in a circle": {
            "type": "object",
            "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
            "properties": {"a": {"$ref": "#/$defs/a"}},
        },
        "that refers to nothing": {"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}},
        "that refers to another host": {"$ref": "http://127.0.0.1:9/schema.json"},
        "with a pattern that never ends": {
            "type": "object",
            "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}},
        },
        "with a broken pattern": {"type": "object", "properties": {"a": {"pattern": "(["}}},
        "with 1,000 words": {"properties": {"a": {"enum": [f"w{n}" for n in range(1000)]}}},
        "100 deep": deep,
        "whose properties are a list": {"type": "object", "properties": ["a"]},
        "whose type is a number": {"type": 5},
        "whose type is empty": {"type": []},
        "of an unknown type": {"type": "banana", "properties": one},
        "whose required is a string": {"type": "object", "properties": one, "required": "a"},
        "that allows nothing": {"type": "object", "properties": {"a": False}, "not": {}},
        "whose bounds cross": {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 1}},
        },
        "with null in it": {"type": "object", "properties": {"a": None}},
        "with an odd key": {"type": "object", "properties": {"\ud800\0": {"type": "string"}}},
    }.items():
        yield Raw(f"a tool schema {name}", packed(body(model, tools=[tool("f", parameters)])))
    wanted = {"name": "a", "schema": {"$ref": "#"}, "strict": True}
    form = {"type": "json_schema", "json_schema": wanted}
    yield Raw("a response schema that refers to itself", packed(body(model, response_format=form)))


def _encodings(model: str) -> Iterator[Raw]:
    plain = packed(body(model))
    bomb = gzip.compress(b"[" + b" " * 8_000_000 + b"]", 9)
    for name, data, encoding in (
        ("gzip", gzip.compress(plain), "gzip"),
        ("plain text called gzip", plain, "gzip"),
        ("gzip cut short", gzip.compress(plain)[:-9], "gzip"),
        ("a gzip bomb of 8 MB", bomb, "gzip"),
        ("deflate", zlib.compress(plain), "deflate"),
        ("an unknown encoding", plain, "rot13"),
        ("gzip twice", gzip.compress(gzip.compress(plain)), "gzip, gzip"),
        ("plain text called br", plain, "br"),
    ):
        headers = {**JSON, "content-encoding": encoding}
        yield Raw(f"encoding: {name}", data, headers=headers, transport=True)
    for name, kind in (
        ("none", None),
        ("text", "text/plain"),
        ("a form", "application/x-www-form-urlencoded"),
        ("multipart without boundary", "multipart/form-data"),
        ("an unknown charset", "application/json; charset=no-such-charset"),
        ("UTF-16 that is none", "application/json; charset=utf-16"),
        ("nonsense", ";;;///"),
    ):
        given = {"content-type": kind} if kind else {"x-none": "1"}
        yield Raw(f"content type: {name}", plain, headers=given, transport=True)


def _headers(model: str) -> Iterator[Raw]:
    plain = packed(body(model))
    many = {f"x-odd-{n}": str(n) for n in range(80)}
    for name, given in (
        ("a value of 4 kB", {"x-odd": "v" * 4000}),
        ("eighty of them", many),
        ("accept html", {"accept": "text/html;q=0.1, image/*;q=0"}),
        ("accept nonsense", {"accept": ";;q=x"}),
        ("accept no encoding", {"accept-encoding": "identity;q=0, *;q=0"}),
        ("odd SDK headers", {"x-stainless-retry-count": "x", "x-stainless-read-timeout": "-1"}),
        ("an odd idempotency key", {"idempotency-key": "k" * 1000}),
        ("odd forwarding", {"x-forwarded-for": "unknown, ::1, 999.1.1.1"}),
        ("an odd range", {"range": "bytes=5-1"}),
        ("an odd condition", {"if-none-match": "*", "if-modified-since": "yesterday"}),
    ):
        yield Raw(f"header: {name}", plain, headers={**JSON, **given}, transport=True)
    yield Raw("an odd query", plain, transport=True, query="?a=%00&b=%ff&&=&c[]=1")
