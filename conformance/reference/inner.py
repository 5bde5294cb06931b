"""Requests that the provider makes to itself: the lines of a batch."""

from __future__ import annotations

import inspect
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.reply import Answer
from conformance.reference.routing import Route


def execute(parent: Call, spec: Route, body: Any) -> tuple[int, str, Any]:
    """Status, request id and body of one request, answered at once and outside the limits."""
    call = parent.app.call(
        app=parent.app,
        method=spec.method,
        path="/v1" + spec.path,
        headers={},
        route=spec.name,
        spec=None,  # without a route the tokens are not counted against the window
        body=body,
        account=parent.account,
        request_id=parent.app.new_id("req_", 32),
    )
    try:
        if not isinstance(body, dict):
            raise ApiError(400, "The body of a batch request has to be an object.")
        if spec.validate is not None:
            spec.validate(call, body)
        answer = spec.handler(call)
        if inspect.isawaitable(answer) or not isinstance(answer, Answer):
            raise ApiError(400, "This endpoint cannot be used in a batch.")
        return answer.status, call.request_id, answer.body
    except ApiError as error:
        return error.status, call.request_id, error.reply().body
