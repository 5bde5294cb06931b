"""The headers that every answer carries, CORS, and compression."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from conformance.reference.reply import Reply

if TYPE_CHECKING:
    from conformance.reference.call import Call

EXPOSED = (
    "X-Request-ID, Retry-After, Retry-After-Ms, X-Should-Retry, OpenAI-Processing-Ms, "
    "X-RateLimit-Limit-Requests, X-RateLimit-Limit-Tokens, X-RateLimit-Remaining-Requests, "
    "X-RateLimit-Remaining-Tokens, X-RateLimit-Reset-Requests, X-RateLimit-Reset-Tokens"
)


def finish(call: Call, reply: Reply) -> Reply:
    """Add what every answer has, unless the answer already has its own."""
    have = {name.lower() for name, _ in reply.headers}
    spent = max(1, round((call.clock.monotonic() - call.started) * 1000))
    standard = [
        ("x-request-id", call.request_id),
        ("openai-version", "2020-10-01"),
        ("openai-processing-ms", str(spent)),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", EXPOSED),
    ]
    if call.account is not None:
        standard.append(("openai-organization", call.config.organization))
        if call.spec is not None and call.spec.limited and call.account.state == "active":
            standard += call.app.limits.headers(call.account)
    reply.headers += [pair for pair in standard if pair[0] not in have]
    return reply


def preflight(call: Call) -> Reply:
    """The answer to a browser that asks before it sends; no key is needed."""
    wanted = call.headers.get("access-control-request-headers", "authorization, content-type")
    return Reply(
        204,
        [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET, POST, DELETE, OPTIONS"),
            ("access-control-allow-headers", wanted),
            ("access-control-max-age", "600"),
            ("vary", "Access-Control-Request-Headers"),
        ],
    )


def compress(call: Call, reply: Reply) -> None:
    """gzip a large answer for a client that accepts it; streams stay as they are."""
    if not isinstance(reply.body, bytes) or len(reply.body) <= call.config.gzip_above_bytes:
        return
    if reply.header("content-encoding") or reply.header("content-length"):
        return
    media = (reply.header("content-type") or "").partition(";")[0]
    if media not in ("application/json", "text/plain"):
        return
    if _accepts_gzip(call.headers.get("accept-encoding", "")):
        reply.body = gzip.compress(reply.body, compresslevel=1, mtime=0)
        reply.set("content-encoding", "gzip")
        reply.headers.append(("vary", "Accept-Encoding"))


def _accepts_gzip(header: str) -> bool:
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
