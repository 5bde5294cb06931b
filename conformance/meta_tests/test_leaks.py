"""What is taken for a look inside a server, and what is not."""

from __future__ import annotations

import pytest

from conformance.cases import test_leaks as leaks
from conformance.exchange import Chunk, Exchange, Request, Response
from conformance.expect import Violation

HERE = "http://vllm:8000/v1/chat/completions"


def exchange(text: str, url: str = HERE, sent: bytes = b"{}") -> Exchange:
    answer = Response(
        400, "", "HTTP/1.1", (("content-type", "application/json"),),
        (Chunk(0.1, text.encode()),), 0.1, 0.1,
    )  # fmt: skip
    return Exchange("x1", Request("POST", url, (), sent), answer)


@pytest.mark.parametrize(
    "text",
    [
        "see http://vllm:8000/docs",  # the address that was asked
        "see https://docs.example.com:8443/errors",
        "Expected a value <= 2, but got 2.1 instead. Try again in 10.5s.",
        "http://10.0.3.7:8000/cat.png could not be loaded",  # the caller's own
        "at most 10.0.0.1 things, e.g. 127 of 10",
    ],
)
def test_what_every_caller_may_read(text: str) -> None:
    x = exchange(text, sent=b'{"url": "http://10.0.3.7:8000/cat.png"}')
    for rule in (leaks.test_upstream, leaks.test_trace, leaks.test_path):
        rule(x)


@pytest.mark.parametrize(
    "text",
    [
        "http://worker-3:8000/x", "dial tcp 10.0.3.7:8000: refused", "172.20.1.4:9000 is down",
        "http://[::1]:8000/x", "http://10.0.3.7/x", "https://backend.internal/x",
    ],
)  # fmt: skip
def test_addresses_behind(text: str) -> None:
    with pytest.raises(Violation):
        leaks.test_upstream(exchange(text))
