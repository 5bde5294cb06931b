"""Stored objects in detail: when they expire, what they may not do any more, what they say."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance import response_events as re
from conformance.cases._objects import echo, good, own, refused, served, step
from conformance.cases._responses import good as answered
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, expect, require
from conformance.probes.conversations import ids as item_ids
from conformance.requirement import MAY, MUST, SHOULD, openai, openapi, requirement

rule = partial(requirement, any_status=True)
DAY = 86_400


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


# ---- times -------------------------------------------------------------------------------------


def _later(body: dict[str, Any], name: str, before: str) -> None:
    """Where there are both times, the one is not before the other."""
    late, early = _number(body.get(name)), _number(body.get(before))
    if late is None or early is None:
        raise NotApplicable(f"there are not both {before} and {name}")
    require(late >= early, name, f"{early} or later", late)


@rule("uploads.expires", MUST, "An upload expires after it was made.",
      source=openapi("Upload expires_at"), needs="uploads")  # fmt: skip
def test_upload_expires(upload_create: Steps) -> None:
    body = good(upload_create, "create")
    _later(body, "expires_at", "created_at")
    require(body["expires_at"] > body["created_at"], "expires_at", "after created_at",
            body["expires_at"])  # fmt: skip


@rule("batches.expires", MUST, "A batch expires after its completion window, not before.",
      source=openapi("Batch expires_at"), needs="batches")  # fmt: skip
def test_batch_expires(batch_use: Steps) -> None:
    body = good(batch_use, "made-1")
    made, ends = _number(body.get("created_at")), _number(body.get("expires_at"))
    if made is None or ends is None:
        raise NotApplicable
    require(ends >= made + DAY - 60, "expires_at", f"{made + DAY:.0f}, 24 h later", ends)


@rule("thread.run.times-order", MUST,
      "A run begins after it was made, ends after it began, and expires later than it was made.",
      source=openapi("RunObject"), needs="assistants")  # fmt: skip
def test_run_times(run_answer: Steps, run_tools: Steps) -> None:
    judged = 0
    for steps, name in ((run_answer, "create"), (run_answer, "poll"), (run_tools, "poll")):
        found = steps.get(name)
        body = found.json if found is not None and found.ok else None
        if not isinstance(body, dict):
            continue
        for late, early in (("started_at", "created_at"), ("completed_at", "started_at"),
                            ("expires_at", "created_at")):  # fmt: skip
            one, two = _number(body.get(late)), _number(body.get(early))
            if one is None or two is None:
                continue
            judged += 1
            require(one >= two, late, f"{two} or later", one)
    if not judged:
        raise NotApplicable


@rule("files.create.expires", SHOULD,
      "A file with `expires_after` expires so many seconds after it was made.",
      source=openai("files/create expires_after"), needs="files")  # fmt: skip
def test_file_expires(files_forms: Steps) -> None:
    if 400 <= step(files_forms, "expires").status < 500:
        raise NotApplicable("files that expire are refused")
    body = good(files_forms, "expires")
    made, ends = _number(body.get("created_at")), _number(body.get("expires_at"))
    if made is None or "expires_at" not in body:
        raise NotApplicable("files say nothing of their expiry")
    holds = ends is not None and abs(ends - made - 7200) < 60
    require(holds, "expires_at", f"{made + 7200:.0f}", body.get("expires_at"))


@rule("vector-store.create.expires", MUST,
      "A store that is to expire says when: `expires_after` as sent, and `expires_at`.",
      source=openai("vector-stores/create expires_after"), needs="vector-stores")  # fmt: skip
def test_store_expires(vector_stores_use: Steps) -> None:
    body = good(vector_stores_use, "made-3")
    sent = {"anchor": "last_active_at", "days": 2}
    echo(vector_stores_use, "made-3", {"expires_after": sent})
    ends, active = _number(body.get("expires_at")), _number(body.get("last_active_at"))
    if ends is None or active is None:
        return
    require(abs(ends - active - 2 * DAY) < 3600, "expires_at", f"{active + 2 * DAY:.0f}", ends)


# ---- what has ended ----------------------------------------------------------------------------


@rule("uploads.cancel.late", MUST, "A completed upload cannot be cancelled.",
      source=openai("uploads/cancel"), needs="uploads")  # fmt: skip
def test_late_cancel(upload_use: Steps) -> None:
    good(upload_use, "complete")
    refused(upload_use, "late-cancel")


@rule("uploads.complete.cancelled", MUST, "A cancelled upload cannot be completed.",
      source=openai("uploads/complete"), needs="uploads")  # fmt: skip
def test_cancelled_complete(upload_use: Steps) -> None:
    good(upload_use, "cancel")
    refused(upload_use, "cancelled-complete")


@rule("thread.run.refuses.no-outputs", MUST,
      "A run that waits for a call's output takes no empty list of outputs.",
      source=openai("runs/submitToolOutputs"), needs="assistants")  # fmt: skip
def test_no_outputs(run_tools: Steps) -> None:
    refused(run_tools, "no-outputs")


@rule("assistant.create.unknown-model", MUST, "An assistant of an unknown model is refused.",
      source=openai("assistants/createAssistant model"), needs="assistants")  # fmt: skip
def test_unknown_model(assistants_use: Steps) -> None:
    refused(assistants_use, "unknown-model")


@rule("vector-store.delete.files-kept", MUST, "A store is deleted without its files.",
      source=openai("vector-stores/delete"), needs="vector-stores",
      breaks=["everybody: files that other stores use are lost"])  # fmt: skip
def test_files_kept(vector_store_files: Steps) -> None:
    good(vector_store_files, "store-deleted")
    served(vector_store_files, "file-kept")


# ---- what is said of them ----------------------------------------------------------------------


@rule("vector-store.bytes", SHOULD, "A store with files that are taken in uses bytes.",
      source=openapi("VectorStoreObject usage_bytes"), needs="vector-stores")  # fmt: skip
def test_bytes(vector_store_files: Steps) -> None:
    body = good(vector_store_files, "store")
    counts = body.get("file_counts")
    if not isinstance(counts, dict) or not counts.get("completed"):
        raise NotApplicable("no file is taken in")
    require(bool(_number(body.get("usage_bytes"))), "usage_bytes", "more than 0",
            body.get("usage_bytes"))  # fmt: skip


@rule("vector-store.status", MUST, "A store whose files are all taken in is `completed`.",
      source=openapi("VectorStoreObject status"), needs="vector-stores")  # fmt: skip
def test_status(vector_store_files: Steps) -> None:
    body = good(vector_store_files, "store")
    counts = body.get("file_counts")
    if not isinstance(counts, dict) or counts.get("completed") != 2 or counts.get("in_progress"):
        raise NotApplicable("not all files are taken in")
    require(body.get("status") == "completed", "status", "completed", body.get("status"))


@rule("fine-tuning.create.metadata", MUST, "A new job has the metadata that was sent.",
      source=openai("fine-tuning/create metadata"), needs="fine-tuning")  # fmt: skip
def test_job_metadata(fine_tuning_use: Steps) -> None:
    echo(fine_tuning_use, "create", {"metadata": {"suite": "conformance"}})


@rule("fine-tuning.cancel.no-model", MUST, "A cancelled job has made no model.",
      source=openapi("FineTuningJob fine_tuned_model"), needs="fine-tuning")  # fmt: skip
def test_no_model(fine_tuning_use: Steps) -> None:
    for name in ("cancel", "retrieve"):
        body = good(fine_tuning_use, name)
        if body.get("status") == "cancelled":
            found = body.get("fine_tuned_model")
            require(found is None, "fine_tuned_model", "null", found)


@rule("thread.run.list.order", MUST, "`order=asc` lists the runs of a thread from the oldest on.",
      source=openai("runs/listRuns order"), needs="assistants")  # fmt: skip
def test_run_order(run_answer: Steps) -> None:
    one, two = good(run_answer, "create"), good(run_answer, "create-2")
    if one.get("created_at") == two.get("created_at"):
        raise NotApplicable("both runs are of the same second")
    pages = [x.json for x in run_answer.all("page") if x.ok and isinstance(x.json, dict)]
    seen = [r.get("id") for p in pages for r in p.get("data") or () if isinstance(r, dict)]
    first, second = own(run_answer, "create"), own(run_answer, "create-2")
    if first not in seen or second not in seen:
        raise NotApplicable("not both are listed")
    require(seen.index(first) < seen.index(second), "data", f"{first} first", seen)


# ---- responses and conversations ---------------------------------------------------------------


@rule("responses.stored.default", MUST,
      "A response is kept also without `store`, unless it says that it is not stored.",
      source=openai("responses/create store"), needs="responses.stored",
      breaks=["clients that go on with previous_response_id: 404"])  # fmt: skip
def test_default(responses: Exchange, responses_default_retrieved: Exchange) -> None:
    if re.result(responses).get("store") is False:
        raise NotApplicable("the response says that it is not stored")
    expect(responses_default_retrieved).status(2)


@rule("responses.input-tokens.instructions", MUST,
      "`/responses/input_tokens` counts instructions, too.",
      source=openai("responses/input-tokens"), needs="responses.input-tokens")  # fmt: skip
def test_counts_instructions(
    responses_input_tokens: Exchange, responses_input_tokens_instructions: Exchange
) -> None:
    _more(responses_input_tokens, responses_input_tokens_instructions)


@rule("responses.input-tokens.tools", MAY, "`/responses/input_tokens` counts tools, too.",
      source=openai("responses/input-tokens"), needs="responses.input-tokens")  # fmt: skip
def test_counts_tools(
    responses_input_tokens: Exchange, responses_input_tokens_tools: Exchange
) -> None:
    _more(responses_input_tokens, responses_input_tokens_tools)


def _more(plain: Exchange, more: Exchange) -> None:
    one, two = (_number(x.json.get("input_tokens")) if x.ok and isinstance(x.json, dict) else None
                for x in (plain, more))  # fmt: skip
    if one is None or two is None:
        raise NotApplicable("nothing is counted")
    require(two > one, "input_tokens", f"more than {one}", two)


@rule("responses.previous.counted", MUST,
      "The turns that `previous_response_id` stands for are counted as input.",
      source=openai("responses/create previous_response_id"), needs="responses",
      breaks=["cost accounting, and clients that watch the context"])  # fmt: skip
def test_counted(responses_memory: Steps) -> None:
    _grows(responses_memory, "one", "two")


@rule("conversations.turns.counted", MUST,
      "The items that a conversation holds already are counted as input.",
      source=openai("responses/create conversation"), needs="conversations",
      breaks=["cost accounting, and clients that watch the context"])  # fmt: skip
def test_conversation_counted(conversation_turns: Steps) -> None:
    _grows(conversation_turns, "one", "two")


def _grows(steps: Steps, first: str, later: str) -> None:
    before, now = (re.number(re.usage_of(answered(steps, name)).get("input_tokens"))
                   for name in (first, later))  # fmt: skip
    if before is None or now is None:
        raise NotApplicable("nothing is counted")
    if re.result(answered(steps, first)).get("store") is False:
        raise NotApplicable("the response says that it is not stored")
    require(now > before, "usage.input_tokens", f"more than the {before} of the turn before", now)


@rule("responses.items.part-types", MUST,
      "The parts of a listed message of the user are of the input kinds.",
      source=openapi("InputTextContent"), needs="responses.stored",
      breaks=["clients that send listed items back as input: refused"])  # fmt: skip
def test_part_types(responses_items: Steps) -> None:
    _input_parts(answered(responses_items, "items"))


@rule("conversations.items.part-types", MUST,
      "The parts of a listed message of the user are of the input kinds.",
      source=openapi("InputTextContent"), needs="conversations",
      breaks=["clients that send listed items back as input: refused"])  # fmt: skip
def test_conversation_part_types(conversation_life: Steps) -> None:
    _input_parts(answered(conversation_life, "items"))


def _input_parts(x: Exchange) -> None:
    for item in re.listed(x):
        parts = item.get("content")
        if item.get("role") != "user" or not isinstance(parts, list):
            continue
        kinds = [part.get("type") for part in parts if isinstance(part, dict)]
        wrong = [kind for kind in kinds if not str(kind).startswith("input_")]
        require(not wrong, "data[].content[].type", "input_text", wrong)


@rule("conversations.items.same", MUST, "A retrieved item is the one that was added.",
      source=openai("conversations/retrieve-item"), needs="conversations")  # fmt: skip
def test_item_same(conversation_life: Steps) -> None:
    added, got = answered(conversation_life, "add"), answered(conversation_life, "item")
    name = next(iter(item_ids(added)), None)
    made = next((item for item in re.listed(added) if item.get("id") == name), None)
    if made is None or not isinstance(got.json, dict):
        raise NotApplicable
    for key in ("type", "role"):
        require(got.json.get(key) == made.get(key), key, str(made.get(key)), got.json.get(key))
    require(re.said(got.json) == re.said(made), "content", re.said(made), re.said(got.json))


@rule("conversations.items.ended", SHOULD,
      "What a conversation holds when its response has ended is completed.",
      source=openapi("ConversationItem status"), needs="conversations")  # fmt: skip
def test_items_ended(conversation_turns: Steps) -> None:
    for item in re.listed(answered(conversation_turns, "items")):
        found = item.get("status", "completed")
        require(found in ("completed", "incomplete"), "data[].status", "completed", found)
