"""Faults of headers that are right on one route alone, or the same everywhere."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.reply import Reply

FAMILY = "x-ratelimit-"


def _without(id: str, route: str, text: str) -> None:
    def hook(call: Call, reply: Reply) -> None:
        for name, _ in list(reply.headers):
            if name.startswith(FAMILY):
                reply.drop(name)

    fault(id, at="http", route=route, text=text)(hook)


_without("headers.ratelimit.embeddings", "embeddings", "Embeddings carry no rate-limit headers.")
_without("headers.ratelimit.completions", "completions",
         "Legacy completions carry no rate-limit headers.")  # fmt: skip


@fault("ratelimit.reset.not-over", at="http", route="chat",
       breaks=("ratelimit.reset.not-over", "ratelimit.retry-after.agrees-with-reset"),
       when=lambda call: call.owner == "limited")  # fmt: skip
def always_now(call: Call, reply: Reply) -> None:
    """Resets are always 0s."""
    for kind in ("requests", "tokens"):
        if reply.header(f"{FAMILY}reset-{kind}"):
            reply.set(f"{FAMILY}reset-{kind}", "0s")


@fault("headers.processing-ms.measured", at="http")
def constant_time(call: Call, reply: Reply) -> None:
    """The processing time is always 1."""
    reply.set("openai-processing-ms", "1")
