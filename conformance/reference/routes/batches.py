"""Batches: computed from the clock when somebody looks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.call import Call
from conformance.reference.checks import anything as free
from conformance.reference.checks import enum, fields, metadata, nullable, string
from conformance.reference.errors import invalid, not_found
from conformance.reference.inner import execute
from conformance.reference.listing import page
from conformance.reference.reply import Answer
from conformance.reference.routes import chat, completions, embeddings, moderations, responses
from conformance.reference.routes.files import find_file, store_file
from conformance.reference.routing import Route
from conformance.reference.sse import dump

_SPECS = {
    "/v1" + spec.path: spec
    for module in (chat, completions, embeddings, moderations, responses)
    for spec in module.ROUTES
    if spec.method == "POST" and spec.name in
    ("chat", "completions", "embeddings", "moderations", "responses")
}  # fmt: skip
_shape = fields(
    {
        "input_file_id": string(1),
        "endpoint": enum(*_SPECS),
        "completion_window": enum("24h"),
        "metadata": metadata,
        "output_expires_after": nullable(free),
    },
    ("input_file_id", "endpoint", "completion_window"),
    closed=True,
)


@dataclass
class _Batch:
    meta: dict[str, Any]
    lines: list[dict[str, Any]]
    created: float
    problems: list[dict[str, Any]] = field(default_factory=list)
    cancelled: float | None = None


def create(call: Call) -> Answer:
    """POST /batches."""
    body = call.fields
    source = find_file(call, body["input_file_id"], "input_file_id")
    if source.meta["purpose"] != "batch":
        raise invalid("The input file has to have the purpose 'batch'.", "input_file_id")
    lines, problems = _read(source.data, body["endpoint"])
    meta: dict[str, Any] = {
        "id": call.app.new_id("batch_", 32),
        "object": "batch",
        "endpoint": body["endpoint"],
        "errors": None,
        "input_file_id": body["input_file_id"],
        "completion_window": "24h",
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": call.now,
        "in_progress_at": None,
        "expires_at": call.now + 86_400,
        "finalizing_at": None,
        "completed_at": None,
        "failed_at": None,
        "expired_at": None,
        "cancelling_at": None,
        "cancelled_at": None,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": body.get("metadata"),
    }
    call.table("batches")[meta["id"]] = _Batch(meta, lines, call.clock.time(), problems)
    return Answer(dict(meta))


def _read(data: bytes, endpoint: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, raw in enumerate(data.splitlines(), 1):
        if not raw.strip():
            continue
        code, message = "", ""
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError):
            line = None
        if not isinstance(line, dict):
            code, message = "invalid_json_line", "This line is not parseable as valid JSON."
        elif not isinstance(line.get("custom_id"), str):
            code, message = "missing_required_parameter", "Missing required parameter: 'custom_id'."
        elif line["custom_id"] in seen:
            code, message = "duplicate_custom_id", "The custom_id is not unique in the file."
        elif line.get("method") != "POST" or line.get("url") != endpoint:
            code, message = "mismatched_endpoint", "The method or url is not that of the batch."
        else:
            seen.add(line["custom_id"])
            lines.append(line)
        if code:
            problems.append({"code": code, "line": number, "message": message, "param": None})
    if not lines and not problems:
        empty = "The input file is empty."
        problems.append({"code": "empty_file", "line": None, "message": empty, "param": None})
    return lines, problems


def _look(call: Call, batch: _Batch) -> dict[str, Any]:
    """Bring a batch to where it is by now."""
    meta, step = batch.meta, call.config.job_step_s
    start, now = int(batch.created), call.clock.time()
    age = now - batch.created
    if meta["status"] in ("failed", "completed", "cancelled"):
        return dict(meta)
    if batch.problems and age >= step:
        meta |= {"status": "failed", "failed_at": int(batch.created + step)}
        meta["errors"] = {"object": "list", "data": batch.problems}
        return dict(meta)
    if batch.cancelled is not None:
        done = now - batch.cancelled >= step
        meta["status"] = "cancelled" if done else "cancelling"
        meta["cancelling_at"] = int(batch.cancelled)
        meta["cancelled_at"] = int(batch.cancelled + step) if done else None
        return dict(meta)
    if age >= step:
        meta |= {"status": "in_progress", "in_progress_at": int(start + step)}
        meta["request_counts"] = {"total": len(batch.lines), "completed": 0, "failed": 0}
    if age >= 2 * step:
        meta |= {"status": "finalizing", "finalizing_at": int(start + 2 * step)}
    if age >= 3 * step:
        _finish(call, batch)
        meta |= {"status": "completed", "completed_at": int(start + 3 * step)}
    return dict(meta)


def _finish(call: Call, batch: _Batch) -> None:
    good: list[str] = []
    bad: list[str] = []
    for line in batch.lines:
        status, request, body = execute(call, _SPECS[batch.meta["endpoint"]], line.get("body"))
        entry = {
            "id": call.app.new_id("batch_req_", 32),
            "custom_id": line["custom_id"],
            "response": {"status_code": status, "request_id": request, "body": body},
            "error": None,
        }
        (good if status < 300 else bad).append(dump(entry))
    for lines, key in ((good, "output_file_id"), (bad, "error_file_id")):
        if lines:
            data = "\n".join(lines).encode("utf-8", "replace") + b"\n"
            name = f"{batch.meta['id']}_{key.removesuffix('_file_id')}.jsonl"
            stored = store_file(call, name, data, "batch_output")
            batch.meta[key] = stored.meta["id"]
    counts = {"total": len(batch.lines), "completed": len(good), "failed": len(bad)}
    batch.meta["request_counts"] = counts


def _found(call: Call) -> _Batch:
    name = call.params["id"]
    found: _Batch | None = call.table("batches").get(name)
    if found is None:
        raise not_found(f"No batch found with id '{name[:100]}'.")
    return found


def retrieve(call: Call) -> Answer:
    """GET /batches/{id}."""
    return Answer(_look(call, _found(call)))


def listing(call: Call) -> Answer:
    """GET /batches."""
    return Answer(page(call, [_look(call, one) for one in call.table("batches").values()]))


def cancel(call: Call) -> Answer:
    """POST /batches/{id}/cancel."""
    batch = _found(call)
    status = _look(call, batch)["status"]
    if status in ("failed", "completed", "cancelled", "expired"):
        raise invalid(f"Cannot cancel a batch with status '{status}'.")
    if batch.cancelled is None:
        batch.cancelled = call.clock.time()
    return Answer(_look(call, batch))


def _check(call: Call, body: dict[str, Any]) -> None:
    _shape("", body)


ROUTES = (
    Route("batches.create", "POST", "/batches", create, _check, "json"),
    Route("batches.list", "GET", "/batches", listing),
    Route("batches.retrieve", "GET", "/batches/{id}", retrieve),
    Route("batches.cancel", "POST", "/batches/{id}/cancel", cancel, body="optional"),
)
