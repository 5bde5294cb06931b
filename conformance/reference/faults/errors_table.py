"""One fault for each row of the table of wrong requests: that one request is not refused.

The provider takes the request as if its defect were not there, which is how servers that ignore
what they do not understand behave; where nothing sensible could be done, the status is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from conformance.probe import Probe, all_probes
from conformance.probes.errors_table import TABLE, Wrong
from conformance.reference.call import Call
from conformance.reference.config import ReferenceConfig, reference_models
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.target import Target

_TARGET = Target("http://x.invalid/v1", models=reference_models(ReferenceConfig()))


def filled(body: Any) -> Any:
    """A body with the models of the embedded provider in it."""
    return _TARGET.fill(body)


def sends(name: str) -> Callable[[Call], bool]:
    """Whether a call is the request of a probe of the table."""
    probe = all_probes()[name]
    assert isinstance(probe, Probe)
    path = "/v1" + unquote(_TARGET.fill_path(probe.path))
    wanted = filled(probe.body)
    media = probe.headers.get("content-type")

    def matches(call: Call) -> bool:
        if call.method != probe.method or call.path != path:
            return False
        if media is not None and call.headers.get("content-type") != media:
            return False
        if "raw" not in call.state:
            call.state["raw"] = call.raw
        if isinstance(wanted, bytes):
            return bool(call.state["raw"] == wanted)
        if wanted is None:
            return True
        return bool(_json(call) == wanted) and (media is not None or _is_json(call))

    return matches


def _is_json(call: Call) -> bool:
    return call.headers.get("content-type", "").startswith("application/json")


def _json(call: Call) -> Any:
    """What the call sent, parsed once."""
    if "sent" not in call.state:
        try:
            call.state["sent"] = json.loads(call.state["raw"])
        except ValueError:
            call.state["sent"] = None
    return call.state["sent"]


def _accepted(row: Wrong) -> Callable[[Call, None], None]:
    data = json.dumps(filled(dict(row.repaired))).encode()

    def hook(call: Call, early: None) -> None:
        call.raw = data
        call.headers["content-type"] = "application/json"

    return hook


def _other_status(call: Call, error: ErrorReply) -> None:
    error.status = 403


def _plant(row: Wrong) -> None:
    text = f"{row.text.removesuffix('.')}: not so."
    when = sends(row.probe)
    if row.repaired and "model-unknown" not in row.id and row.route != "batches":
        fault(row.id, at="received", when=when, text=text, breaks=_broken(row))(_accepted(row))
    else:
        fault(row.id, at="error", when=when, text=text, breaks=_broken(row))(_other_status)


def _broken(row: Wrong) -> tuple[str, ...]:
    """The row, and the comparison with its twin."""
    pairs = {"model-unknown": "model", "temperature-below": "range"}
    for word, pair in pairs.items():
        if row.id in (f"errors.chat.{word}", f"errors.chat.stream.{word}"):
            return (row.id, f"errors.stream.same-status.{pair}")
    return (row.id,)


all_probes()
for _row in TABLE.values():
    _plant(_row)
