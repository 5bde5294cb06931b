"""A request that a page prints is refused: one fault each."""

from __future__ import annotations

import json
from collections.abc import Callable

from conformance.examples import PrintedRequest, all_examples, requirement_id
from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault


def _is(request: PrintedRequest) -> Callable[[Call], bool]:
    """Whether a call is that request: the same body, with the same key or with none."""

    def same(call: Call) -> bool:
        key = request.headers.get("Idempotency-Key")
        if not call.path.endswith(request.path) or call.headers.get("idempotency-key") != key:
            return False
        if '"{chat}"' not in request.body:
            return call.raw == request.body.encode()
        printed: object = json.loads(request.body)["messages"]
        return printed == call.fields.get("messages")

    return same


def _refuse(profile: str, request: PrintedRequest) -> None:
    @fault(
        requirement_id(profile, request),
        at="accepted",
        route="chat",
        text=f"What is printed at “{request.place}” is refused.",
        when=_is(request),
    )
    def refused(call: Call, body: dict[str, object]) -> None:
        raise invalid("This request is not understood.")


for _profile, _examples in all_examples().items():
    for _request in _examples.requests:
        if _request.sent:
            _refuse(_profile, _request)
