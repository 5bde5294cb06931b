"""The requests that the providers' pages print, byte for byte."""

from __future__ import annotations

import json
from typing import Any

from conformance.capability import capability
from conformance.examples import PrintedRequest, all_examples, probe_name
from conformance.probe import CHAT_MODEL, probe


def _body(request: PrintedRequest) -> Any:
    """As it is printed; with the model of the run where the note says so."""
    if '"{chat}"' in request.body:
        return {**json.loads(request.body), "model": CHAT_MODEL}
    return request.body.encode() or None


for _profile, _examples in all_examples().items():
    capability(f"{_profile}.example", "the requests that the pages print", "chat")
    for _request in _examples.requests:
        if _request.sent:
            probe(
                probe_name(_profile, _request),
                _request.method,
                _request.path,
                _body(_request),
                needs=f"{_profile}.example",
                headers={"content-type": "application/json", **_request.headers},
                tokens=256,
            )
