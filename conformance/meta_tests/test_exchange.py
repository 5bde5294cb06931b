"""Exchanges: parsed forms come from the bytes; recordings survive being written and read."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.exchange import (
    Chunk,
    ClientView,
    Exchange,
    Failure,
    Request,
    Response,
    Steps,
    endpoint_of,
)
from conformance.har import read_har, write_har
from conformance.meta_tests.support import made, stream
from conformance.output import Spool, read_spool, redacted
from conformance.secrets import Redactor


def response(body: bytes, *headers: tuple[str, str]) -> Response:
    return Response(200, "OK", "HTTP/1.1", headers, (Chunk(0.5, body),), 0.1, 0.5)


def test_a_gzip_body_is_unpacked_and_the_raw_bytes_are_kept() -> None:
    packed = gzip.compress(b'{"a": 1}')
    got = response(packed, ("Content-Encoding", "gzip"))
    assert got.raw == packed
    assert got.body == b'{"a": 1}'
    assert got.json == {"a": 1}


@pytest.mark.parametrize("pack", [zlib.compress, lambda b: zlib.compress(b)[2:-4]])
def test_deflate_with_and_without_its_wrapper(pack: object) -> None:
    got = response(pack(b"hello"), ("content-encoding", "deflate"))  # type: ignore[operator]
    assert got.decoded == (b"hello", None)


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (b"not gzip", "gzip", "not valid gzip"),
        (gzip.compress(b"x" * 100)[:-9], "gzip", "ends too early"),
        (b"\xff\xff", "deflate", "not valid deflate"),
        (b"x", "br", "unknown content encoding"),
    ],
    ids=["no-gzip", "cut", "no-deflate", "unknown"],  # bytes of gzip hold the time of day
)
def test_what_cannot_be_unpacked_says_why(body: bytes, encoding: str, words: str) -> None:
    data, problem = response(body, ("content-encoding", encoding)).decoded
    assert data == body
    assert words in str(problem)


def test_a_gzip_bomb_is_not_unpacked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.exchange.MAX_DECODED", 1000)
    problem = response(gzip.compress(b"0" * 5000), ("content-encoding", "gzip")).decoded[1]
    assert "more than 1000 bytes" in str(problem)


def test_events_of_a_compressed_stream_all_came_at_the_end() -> None:
    packed = gzip.compress(b'data: {"a":1}\n\ndata: [DONE]\n\n')
    got = response(packed, ("content-encoding", "gzip"), ("content-type", "text/event-stream"))
    assert got.timed_payloads == ((0.5, {"a": 1}),)
    assert [e.data for e, _ in got.event_payloads] == ['{"a":1}']


def test_payloads_leave_out_what_is_no_json() -> None:
    x = made(
        "data: {bad\n\ndata: {}\n\ndata: [DONE]\n\n",
        headers=(("content-type", "text/event-stream"),),
    )
    assert x.payloads == ({},)
    assert "3 events" in str(x)


def test_an_exchange_says_what_it_was() -> None:
    assert str(made({"a": 1})) == "POST /chat/completions, 200, 0.10 s, 8 bytes"
    broken = made(response=False, failure=Failure("reset", "gone"))
    assert "reset" in str(broken)
    assert broken.status == 0
    assert broken.json is None
    assert broken.header("a") is None
    assert broken.payloads == ()
    assert not broken.ok
    assert made(response=False).status == 0
    assert "?" in str(made(response=False))


def test_a_request_body_that_is_no_object_counts_as_empty() -> None:
    assert made(sent=[1]).sent == {}
    assert Request("POST", "u", (), b"{").json is None
    assert Request("POST", "u", (("A", "b"),), b"").header("a") == "b"


def test_headers_repeat_in_order() -> None:
    got = response(b"", ("A", "1"), ("a", "2"))
    assert got.header("a") == "1"
    assert got.header_all("A") == ("1", "2")
    assert got.header("b") is None
    assert got.media_type == ""
    assert response(b"{x").json is None


def test_steps_are_found_by_name() -> None:
    steps = Steps("s", (made(id="x1", step="a"), made(id="x2", step="a"), made(id="x3", step="b")))
    assert steps["a"].id == "x2"
    assert [x.id for x in steps.all("a")] == ["x1", "x2"]
    assert "b" in steps
    assert "c" not in steps
    assert steps.get("c") is None
    assert len(list(steps)) == 3
    with pytest.raises(KeyError):
        steps["c"]


@pytest.mark.parametrize(
    ("url", "base", "wanted"),
    [
        ("http://h/v1/models", "http://h/v1", "/models"),
        ("http://h/v1", "http://h/v1", "/"),
        ("http://h/other", "http://h/v1", "/other"),
        ("https://api.openai.com/v1/chat/completions?x=1", "", "/chat/completions"),
        ("https://h/openai/thing", "", "/openai/thing"),
    ],
)
def test_the_endpoint_is_the_path_below_the_base(url: str, base: str, wanted: str) -> None:
    assert endpoint_of(url, base) == wanted


def whole() -> Exchange:
    """An exchange with everything that a recording can hold."""
    x = stream({"a": "ü"}, {"b": 2}, probe="p", step="s", attempt=2, superseded=True)
    return Exchange(
        **{
            **{k: v for k, v in x.__dict__.items() if k in Exchange.__dataclass_fields__},
            "client": ClientView("openai-python 3", "chat", "raised", error={"a": 1}),
            "failure": Failure("size", "too long"),
            "context": {"a": 1},
        }
    )


@pytest.mark.parametrize(
    "x",
    [
        whole(),
        made(b"\xff\xfe binary"),
        made(gzip.compress(b"hi"), headers=(("content-encoding", "gzip"),)),
        made(response=False, failure=Failure("connect", "refused")),
        made(None, method="GET"),
    ],
    ids=["whole", "binary", "packed", "unreachable", "empty"],
)
def test_a_recording_is_the_same_after_writing_and_reading(x: Exchange, tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text(write_har([x], creator="t", version="0"), "utf-8")
    (back,) = read_har(path)
    assert back == x


def test_a_foreign_har_says_when_it_was_recorded(tmp_path: Path) -> None:
    entry = {
        "startedDateTime": "2025-03-01T00:00:00Z",
        "request": {
            "method": "post",
            "url": "https://api.openai.com/v1/embeddings",
            "postData": {"text": "{}"},
        },
        "response": {"status": 200, "content": {"text": "{}"}},
        "_headers_filtered": True,
        "_recorded": "2025-02-01",
    }
    path = tmp_path / "x.har"
    path.write_text(json.dumps({"log": {"entries": [entry, {**entry, "startedDateTime": "?"}]}}))
    x, other = read_har(path)
    assert x.route == "POST /embeddings"
    assert x.context["foreign"]
    assert x.context["headers_filtered"]
    assert x.context["recorded"] == "2025-02-01"
    assert x.response is not None
    assert x.response.body == b"{}"
    assert other.started == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not a HAR file"),
        ("[]", "not a HAR file"),
        ('{"log": {"entries": 3}}', "not a HAR file"),
        ('{"log": {"entries": [{}]}}', "entry 1 is malformed"),
    ],
)
def test_what_is_no_har_is_a_usage_error(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_har(path)


def test_a_har_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_har(tmp_path / "none.har")


def test_the_spool_keeps_what_a_killed_run_had(tmp_path: Path) -> None:
    with Spool(tmp_path, Redactor({"api": "sk-secret-key"})) as spool:
        spool.add(made({"echo": "sk-secret-key"}))
        spool.add(made({"b": 1}, id="x2"))
    file = tmp_path / "exchanges.part.jsonl"
    file.write_text(file.read_text() + '{"half')
    assert "sk-secret-key" not in file.read_text()
    assert [x.id for x in read_spool(file)] == ["x1", "x2"]


def test_the_spool_knows_again_what_was_tried_twice(tmp_path: Path) -> None:
    with Spool(tmp_path, Redactor()) as spool:
        spool.add(made({}, id="x1"))
        spool.add(made({}, id="x2", attempt=2))
        spool.add(made({}, id="x3", driver="python-sdk", attempt=2))
    read = read_spool(tmp_path / "exchanges.part.jsonl")
    assert [(x.id, x.superseded) for x in read] == [("x1", True), ("x2", False), ("x3", False)]


def test_a_spool_without_a_folder_writes_nothing() -> None:
    with Spool(None, Redactor()) as spool:
        spool.add(made({}))


def test_a_key_inside_compressed_bytes_is_replaced_too() -> None:
    packed = gzip.compress(b'{"key": "sk-secret-key"}')
    x = redacted(
        made(packed, headers=(("content-encoding", "gzip"),)), Redactor({"api": "sk-secret-key"})
    )
    assert x.response is not None
    assert b"sk-secret-key" not in x.response.body
    assert b"key" in x.response.body


def test_everything_in_an_exchange_is_redacted() -> None:
    secret = "sk-secret-key"
    x = Exchange(
        "x1",
        Request("GET", f"http://h/v1?k={secret}", (("authorization", secret),), secret.encode()),
        Response(200, secret, "", (("x", secret),), (Chunk(0, secret.encode()),), 0, 0),
        Failure("reset", secret),
        client=ClientView("c", "x", "raised", secret, {"m": secret}, {"e": [secret]}),
        context={"c": secret},
        endpoint=f"/{secret}",
    )
    clean = redacted(x, Redactor({"api": secret}))
    assert secret not in repr(clean)
    assert len(clean.request.body) == len(secret)
