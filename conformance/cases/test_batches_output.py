"""What a batch leaves: one line for each request, errors where they belong."""

from __future__ import annotations

import json
from typing import Any

from conformance.cases._objects import good, served, step
from conformance.cases.test_batches import NEEDS, READERS, ended
from conformance.exchange import Steps
from conformance.expect import NotApplicable, fail, require
from conformance.probes.batches import BAD, GOOD
from conformance.requirement import MUST, openai, requirement


def lines(steps: Steps, name: str) -> list[dict[str, Any]]:
    """The lines of an output file."""
    found = step(steps, name)
    if not found.ok or found.response is None:
        raise NotApplicable
    made = []
    for number, text in enumerate(found.response.text.splitlines(), start=1):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            fail(f"line {number}", "a JSON object", text[:200], exchange=found)
        made.append(value)
    return made


def _completed(steps: Steps) -> None:
    if ended(steps).get("status") != "completed":
        raise NotApplicable


@requirement(
    "batches.output.file",
    MUST,
    "The output of a completed batch is a file that can be described and read.",
    source=openai("batch/request-output"),
    needs=NEEDS,
    any_status=True,
    breaks=READERS,
)
def test_output_file(batch_use: Steps) -> None:
    _completed(batch_use)
    found = good(batch_use, "poll").get("output_file_id")
    require(isinstance(found, str) and bool(found), "output_file_id", "the id of a file", found)
    served(batch_use, "output-file", "output")


@requirement(
    "batches.output.ids",
    MUST,
    "Every request of a batch is answered exactly once, by its `custom_id`, in the output "
    "or in the errors.",
    source=openai("batch/request-output custom_id"),
    needs=NEEDS,
    any_status=True,
    breaks=READERS,
)
def test_ids(batch_use: Steps) -> None:
    _completed(batch_use)
    found = [one.get("custom_id") for one in lines(batch_use, "output")]
    if batch_use.get("errors") is not None:
        found += [one.get("custom_id") for one in lines(batch_use, "errors")]
    require(sorted(map(str, found)) == sorted((*GOOD, BAD)), "custom_id", str((*GOOD, BAD)), found)


def _of(steps: Steps, *wanted: str) -> list[dict[str, Any]]:
    _completed(steps)
    every = lines(steps, "output")
    if steps.get("errors") is not None:
        every += lines(steps, "errors")
    found = [one for one in every if one.get("custom_id") in wanted]
    if not found:
        raise NotApplicable("no line with these ids")
    return found


@requirement(
    "batches.output.response",
    MUST,
    "A line of the output has `response` with status_code 200 and the body of the answer, "
    "and `error: null`.",
    source=openai("batch/request-output"),
    needs=NEEDS,
    any_status=True,
    breaks=READERS,
)
def test_response(batch_use: Steps) -> None:
    for one in _of(batch_use, *GOOD):
        response = one.get("response")
        response = response if isinstance(response, dict) else {}
        require(
            response.get("status_code") == 200, "response.status_code", "200", one.get("response")
        )
        body = response.get("body")
        kind = body.get("object") if isinstance(body, dict) else None
        require(kind == "chat.completion", "response.body", "a chat completion", body)
        require(one.get("error") is None, "error", "null", one.get("error"))


@requirement(
    "batches.output.line-ids",
    MUST,
    "Each line has an `id` of its own, and its response a `request_id`.",
    source=openai("batch/request-output"),
    needs=NEEDS,
    any_status=True,
)
def test_line_ids(batch_use: Steps) -> None:
    found = _of(batch_use, *GOOD)
    names = [one.get("id") for one in found]
    require(
        all(isinstance(n, str) and n for n in names) and len(set(names)) == len(names),
        "id",
        "an id of its own",
        names,
    )
    for one in found:
        response = one.get("response")
        name = response.get("request_id") if isinstance(response, dict) else None
        require(isinstance(name, str), "response.request_id", "a string", name)


@requirement(
    "batches.errors.line",
    MUST,
    "A request that was refused has `error: null` and `response` with its status code and "
    "the error as the body.",
    source=openai("batch/request-output"),
    needs=NEEDS,
    any_status=True,
    breaks=READERS,
)
def test_error_line(batch_use: Steps) -> None:
    for one in _of(batch_use, BAD):
        response = one.get("response")
        if not isinstance(response, dict):
            fail("response", "status_code and body", one)
        status = response.get("status_code")
        require(
            isinstance(status, int) and 400 <= status < 500, "response.status_code", "400", status
        )
        body = response.get("body")
        error = body.get("error") if isinstance(body, dict) else None
        require(
            isinstance(error, dict) and isinstance(error.get("message"), str),
            "response.body.error",
            "an error object",
            body,
        )
        require(one.get("error") is None, "error", "null", one.get("error"))


@requirement(
    "batches.errors.apart",
    MUST,
    "What failed is in the file of `error_file_id`, not in the output.",
    source=openai("batch/object error_file_id"),
    needs=NEEDS,
    any_status=True,
    breaks=READERS,
)
def test_apart(batch_use: Steps) -> None:
    _completed(batch_use)
    found = [one.get("custom_id") for one in lines(batch_use, "output")]
    require(BAD not in found, "output", f"without {BAD}", found)
    name = good(batch_use, "poll").get("error_file_id")
    require(isinstance(name, str) and bool(name), "error_file_id", "the id of a file", name)
