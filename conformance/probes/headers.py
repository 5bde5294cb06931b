"""Response headers: most rules are judged on all traffic; these are what needs a request."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.probe import Accepted, chat, probe, scenario
from conformance.ratelimits import dialect_of
from conformance.requirement import MUST, openai
from conformance.wire.ratelimit import PER_MINUTE

HELLO = chat("Say hello.", temperature=0, max_tokens=5)
CLIENT_ID = "client-4f1d2c3b-77aa-4b0e-9d55-0c1e2f3a4b5c"
LONG_ID = "client-" + "0123456789abcdef" * 62


def _limits(x: Any) -> bool:
    """Some rate-limit header, and not another documented family, which is a choice of its own."""
    named = any(name.lower().startswith("x-ratelimit-") for name, _ in x.response.headers)
    return named and dialect_of(x) is not PER_MINUTE


capability(
    "headers.request-id",
    "request ids",
    "chat",
    took_effect=lambda x: bool(x.header("x-request-id")),
)
capability(
    "headers.ratelimit",
    "rate-limit headers",
    "chat",
    took_effect=_limits,
)
capability(
    "headers.processing-ms",
    "processing time",
    "chat",
    took_effect=lambda x: x.header("openai-processing-ms") is not None,
)

probe(
    "headers_client_id",
    *HELLO,
    needs="chat",
    headers={"X-Client-Request-Id": CLIENT_ID},
    accepted=Accepted(
        "headers.client-request-id.accepted",
        MUST,
        "A request with an `X-Client-Request-Id` of its own is answered with success.",
        openai("debugging-requests"),
        ("clients that trace their requests send it always",),
    ),
)
probe(
    "headers_second_try",
    *HELLO,
    needs="chat",
    headers={
        "X-Stainless-Retry-Count": "2",
        "X-Stainless-Lang": "python",
        "X-Stainless-Package-Version": "3.51.0",
        "X-Stainless-Read-Timeout": "600",
        "X-Stainless-Async": "false",
    },
    accepted=Accepted(
        "retry.second-try.accepted",
        MUST,
        "A second try is answered as a first one, whatever `x-stainless-*` headers it carries.",
        openai("debugging-requests"),
        ("openai-python, openai-node: every retry fails",),
    ),
)


@scenario("headers_same_id", needs="chat", cost=3)
async def headers_same_id(s: Any) -> None:
    """The same X-Request-Id twice, then one of a kilobyte on a stream."""
    method, path, body = HELLO
    await s.gather(
        s.send("one", method, path, json=body, headers={"X-Request-Id": CLIENT_ID}),
        s.send("two", method, path, json=body, headers={"X-Request-Id": CLIENT_ID}),
        s.send(
            "long",
            method,
            path,
            json={**body, "max_tokens": 16, "stream": True},
            headers={"X-Request-Id": LONG_ID},
        ),
    )
