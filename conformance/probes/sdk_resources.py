"""Every resource of the Python client library, used as an application uses it.

Each tour makes objects, reads, lists, changes and deletes them through the library alone. Lists are
gone through page by page, which is where a library meets `has_more`, `after` and `last_id`.
"""

from __future__ import annotations

from typing import Any

from conformance.exchange import Exchange
from conformance.objects import TICK, Part, field_of, form, id_of, jsonl, png, upload
from conformance.probe import Skip, scenario, user
from conformance.probes.assistants import ASSISTANT, FUNCTION
from conformance.probes.assistants_runs import CITY, OUTPUT, calls_of
from conformance.probes.audio import RECORDING, SAYING, SPEECH, TEXT, TRANSLATION
from conformance.probes.chat import REPEAT
from conformance.session import Session

DRIVERS = ("python-sdk", "python-sdk-async")
TOUR: dict[str, Any] = {"drivers": DRIVERS}
PAGED: dict[str, Any] = {"paginate": True}
WHOLE = "limit=100&order=asc&after="
"""What was made since, in one page: a list of the account grows and shrinks meanwhile."""
ENDED = ("completed", "failed", "cancelled", "expired", "incomplete")
PATIENCE = 60


async def use(
    s: Session, step: str, method: str, path: str, body: Any = None, **options: Any
) -> Exchange:
    """One call. A form, as `form()` and `upload()` make it, is unpacked into arguments."""
    if isinstance(body, dict) and "content" in body and "headers" in body:
        options["headers"] = body["headers"]
        body = body["content"]
    return await s.call(method, path, body, step=step, **options)


async def file(s: Session, step: str, data: bytes, purpose: str = "assistants") -> str:
    """Upload a file."""
    name = f"{step}.jsonl" if purpose in ("batch", "fine-tune") else f"{step}.txt"
    return id_of(await use(s, step, "POST", "/files", upload(name, data, purpose)))


async def until_ended(s: Session, step: str, path: str, *states: str) -> Exchange:
    """Look at a run or a batch until it has ended or is in one of the states."""
    for _ in range(PATIENCE):
        found = await use(s, step, "GET", path)
        if not found.ok or field_of(found, "status") in (*ENDED, *states):
            break
        await s.sleep(0.6)
    else:
        raise Skip(f"{path} is still at work")
    return found


@scenario("sdk_files", needs="files", cost=8, **TOUR)
async def _files(s: Session) -> None:
    """Files: uploaded, read, listed, deleted."""
    # what was uploaded for assistants may not be read again
    one = await file(s, "made-1", jsonl([{"custom_id": "first"}]), "batch")
    await s.sleep(TICK)
    two = await file(s, "made-2", jsonl([{"custom_id": "second"}]), "batch")
    await use(s, "retrieve", "GET", f"/files/{one}")
    await use(s, "content", "GET", f"/files/{one}/content")
    await use(s, "list", "GET", f"/files?{WHOLE}{one}", **PAGED)
    for name in (one, two):
        await use(s, "delete", "DELETE", f"/files/{name}")
    await use(s, "deleted", "GET", f"/files/{one}")


@scenario("sdk_uploads", needs="uploads", cost=6, **TOUR)
async def _uploads(s: Session) -> None:
    """A file in two parts, and an upload that is given up."""
    parts = (b"The first half, ", b"and the second.\n")
    body = {"filename": "parts.txt", "bytes": sum(map(len, parts)), "mime_type": "text/plain",
            "purpose": "assistants"}  # fmt: skip
    path = f"/uploads/{id_of(await use(s, 'create', 'POST', '/uploads', body))}"
    names = []
    for number, data in enumerate(parts, start=1):
        sent = form(Part("data", data, "part"))
        names.append(id_of(await use(s, f"part-{number}", "POST", f"{path}/parts", sent)))
    done = await use(s, "complete", "POST", f"{path}/complete", {"part_ids": names})
    other = id_of(await use(s, "create-2", "POST", "/uploads", body))
    await use(s, "cancel", "POST", f"/uploads/{other}/cancel")
    made = field_of(done, "file")
    if isinstance(made, dict) and isinstance(made.get("id"), str):
        await use(s, "cleanup", "DELETE", f"/files/{made['id']}")


@scenario("sdk_batches", needs="batches", cost=6, tokens=64, **TOUR)
async def _batches(s: Session) -> None:
    """A batch: made, read, listed, cancelled."""
    ask = {"model": s.model("chat"), "messages": [user(REPEAT)], "max_tokens": 8}
    line = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions", "body": ask}
    source = await file(s, "input", jsonl([line]), "batch")
    body = {"input_file_id": source, "endpoint": "/v1/chat/completions",
            "completion_window": "24h"}  # fmt: skip
    path = f"/batches/{id_of(await use(s, 'made-1', 'POST', '/batches', body))}"
    await use(s, "retrieve", "GET", path)
    await use(s, "list", "GET", "/batches?limit=100", **PAGED)
    await use(s, "cancel", "POST", f"{path}/cancel")
    await use(s, "cleanup", "DELETE", f"/files/{source}")


@scenario("sdk_vector_stores", needs="vector-stores", cost=22, **TOUR)
async def _stores(s: Session) -> None:
    """A vector store: made, filled, searched, emptied, deleted."""
    names = [await file(s, f"file-{n}", f"File {n} is about bread.\n".encode()) for n in (1, 2, 3)]
    store = id_of(await use(s, "made-1", "POST", "/vector_stores", {"name": "first"}))
    path = f"/vector_stores/{store}"
    await s.sleep(TICK)
    second = id_of(await use(s, "made-2", "POST", "/vector_stores", {"name": "second"}))
    await use(s, "list", "GET", f"/vector_stores?{WHOLE}{store}", **PAGED)
    await use(s, "update", "POST", path, {"name": "changed"})
    await use(s, "retrieve", "GET", path)
    for number, name in enumerate(names, start=1):
        await use(s, f"attach-{number}", "POST", f"{path}/files", {"file_id": name})
    await use(s, "files", "GET", f"{path}/files?limit=1&order=asc", **PAGED)
    await use(s, "file", "GET", f"{path}/files/{names[0]}")
    await use(s, "search", "POST", f"{path}/search", {"query": "bread"})
    await use(s, "detach", "DELETE", f"{path}/files/{names[0]}")
    for name in (store, second):
        await use(s, "delete", "DELETE", f"/vector_stores/{name}")
    for name in names:
        await use(s, "cleanup", "DELETE", f"/files/{name}")


@scenario("sdk_vector_store_batches", needs="vector-stores.batches", cost=14, **TOUR)
async def _store_batches(s: Session) -> None:
    """Files put into a store together; what is in them; their attributes."""
    names = [await file(s, f"file-{n}", f"File {n} is about salt.\n".encode()) for n in (1, 2)]
    path = f"/vector_stores/{id_of(await use(s, 'store', 'POST', '/vector_stores', {}))}"
    made = await use(s, "create", "POST", f"{path}/file_batches", {"file_ids": names})
    batch = f"{path}/file_batches/{id_of(made)}"
    await until_ended(s, "retrieve", batch)
    await use(s, "files", "GET", f"{batch}/files?limit=1&order=asc", **PAGED)
    again = await use(s, "create-2", "POST", f"{path}/file_batches", {"file_ids": names[:1]})
    if again.ok:
        await use(s, "cancel", "POST", f"{path}/file_batches/{id_of(again)}/cancel")
    one = f"{path}/files/{names[0]}"
    await use(s, "attributes", "POST", one, {"attributes": {"kind": "a"}})
    await use(s, "content", "GET", f"{one}/content")
    await use(s, "delete", "DELETE", path)
    for name in names:
        await use(s, "cleanup", "DELETE", f"/files/{name}")


@scenario("sdk_fine_tuning", needs="fine-tuning", cost=2, **TOUR)
async def _fine_tuning(s: Session) -> None:
    """Fine-tuning jobs are listed; making one is paid for."""
    await use(s, "list", "GET", "/fine_tuning/jobs?limit=100", **PAGED)


@scenario("sdk_fine_tuning_use", needs="fine-tuning", cost=12, tier="full", claimed=True, **TOUR)
async def _fine_tuning_use(s: Session) -> None:
    """A job: made, paused, resumed, cancelled; its events and checkpoints."""
    said = [{"messages": [user(f"Say {n}."), {"role": "assistant", "content": str(n)}]}
            for n in range(10)]  # fmt: skip
    source = await file(s, "input", jsonl(said), "fine-tune")
    body = {"model": s.model("chat"), "training_file": source}
    made = await use(s, "made-1", "POST", "/fine_tuning/jobs", body)
    if made.ok:
        path = f"/fine_tuning/jobs/{id_of(made)}"
        await use(s, "retrieve", "GET", path)
        await use(s, "events", "GET", f"{path}/events?limit=1", **PAGED)
        await use(s, "checkpoints", "GET", f"{path}/checkpoints?limit=1", **PAGED)
        await use(s, "pause", "POST", f"{path}/pause")
        await use(s, "resume", "POST", f"{path}/resume")
        await use(s, "cancel", "POST", f"{path}/cancel")
    await use(s, "cleanup", "DELETE", f"/files/{source}")


@scenario("sdk_speech", needs="audio.speech", cost=1, **TOUR)
async def _speech(s: Session) -> None:
    """A text is spoken."""
    body = {"model": s.model("speech"), "input": SAYING, "voice": "alloy"}
    await use(s, "speech", "POST", SPEECH, body)


@scenario("sdk_transcription", needs="audio.transcription", cost=2, **TOUR)
async def _transcription(s: Session) -> None:
    """A recording is transcribed and translated."""
    sent = form(Part("model", s.model("transcription")),
                Part("file", RECORDING, "tone.wav", "audio/wav"))  # fmt: skip
    await use(s, "transcription", "POST", TEXT, sent)
    await use(s, "translation", "POST", TRANSLATION, sent)


PICTURE = png(256, 256, (255, 0, 0))


@scenario("sdk_images", needs="images", cost=3, tier="full", claimed=True, **TOUR)
async def _images(s: Session) -> None:
    """Images: generated, edited, varied."""
    model = Part("model", s.model("image"))
    body = {"model": s.model("image"), "prompt": "A red square.", "size": "1024x1024"}
    await use(s, "generate", "POST", "/images/generations", body)
    picture = Part("image", PICTURE, "red.png", "image/png")
    await use(s, "edit", "POST", "/images/edits",
              form(model, Part("prompt", "Make it blue."), picture))  # fmt: skip


@scenario("sdk_conversations", needs="conversations", cost=14, tokens=128, **TOUR)
async def _conversations(s: Session) -> None:
    """A conversation: made, changed, filled, listed, used by a response, deleted."""
    path = f"/conversations/{id_of(await use(s, 'create', 'POST', '/conversations', {}))}"
    await use(s, "update", "POST", path, {"metadata": {"topic": "letters"}})
    await use(s, "retrieve", "GET", path)
    told = [{"type": "message", **user(f"Number {n}.")} for n in (1, 2, 3)]
    added = await use(s, "add", "POST", f"{path}/items", {"items": told})
    await use(s, "items", "GET", f"{path}/items?limit=1&order=asc", **PAGED)
    listed = field_of(added, "data")
    first = listed[0].get("id") if isinstance(listed, list) and listed else None
    if isinstance(first, str):
        await use(s, "item", "GET", f"{path}/items/{first}")
        await use(s, "item-delete", "DELETE", f"{path}/items/{first}")
    body = {"model": s.model("chat"), "input": REPEAT, "max_output_tokens": 64,
            "conversation": path.rpartition("/")[2]}  # fmt: skip
    await use(s, "turn", "POST", "/responses", body)
    await use(s, "delete", "DELETE", path)


@scenario("sdk_responses_stored", needs="responses.stored", cost=4, tokens=128, **TOUR)
async def _responses(s: Session) -> None:
    """A stored response: read whole and page by page, deleted."""
    said = [user("Hello."), {"role": "assistant", "content": "Hello!"}, user(REPEAT)]
    body = {"model": s.model("chat"), "input": said, "max_output_tokens": 64, "store": True}
    path = f"/responses/{id_of(await use(s, 'create', 'POST', '/responses', body))}"
    await use(s, "retrieve", "GET", path)
    await use(s, "items", "GET", f"{path}/input_items?limit=1&order=asc", **PAGED)
    await use(s, "delete", "DELETE", path)


@scenario("sdk_responses_background", needs="responses.background", cost=3, tokens=128, **TOUR)
async def _background(s: Session) -> None:
    """A background response is cancelled."""
    body = {"model": s.model("chat"), "input": REPEAT, "max_output_tokens": 64, "store": True,
            "background": True}  # fmt: skip
    made = await use(s, "create", "POST", "/responses", body)
    await use(s, "cancel", "POST", f"/responses/{id_of(made)}/cancel")


@scenario("sdk_input_tokens", needs="responses.input-tokens", cost=1, **TOUR)
async def _input_tokens(s: Session) -> None:
    """Input tokens are counted."""
    body = {"model": s.model("chat"), "input": REPEAT}
    await use(s, "count", "POST", "/responses/input_tokens", body)


@scenario("sdk_compact", needs="responses.compact", cost=1, tokens=256, **TOUR)
async def _compact(s: Session) -> None:
    """A conversation is compacted."""
    said = [user("Hello."), {"role": "assistant", "content": "Hello!"}, user(REPEAT)]
    await use(s, "compact", "POST", "/responses/compact", {"model": s.model("chat"), "input": said})


@scenario("sdk_chat_stored", needs="chat.store", cost=24, tokens=64, **TOUR)
async def _chat_stored(s: Session) -> None:
    """A stored chat completion: found, read, listed, changed, deleted."""
    mark = {"tour": s.nonce(s.driver)}
    said = [user("Hello."), {"role": "assistant", "content": "Hello!"}, user(REPEAT)]
    body = {"model": s.model("chat"), "messages": said, "max_tokens": 32, "store": True,
            "metadata": mark}  # fmt: skip
    path = f"/chat/completions/{id_of(await use(s, 'create', 'POST', '/chat/completions', body))}"
    for _ in range(10):  # it may take a moment to appear
        found = await use(s, "retrieve", "GET", path)
        if found.status != 404:
            break
        await s.sleep(1.0)
    await use(s, "messages", "GET", f"{path}/messages?limit=1&order=asc", **PAGED)
    await use(s, "list", "GET", f"/chat/completions?metadata[tour]={mark['tour']}", **PAGED)
    await use(s, "update", "POST", path, {"metadata": {"tour": "over"}})
    await use(s, "delete", "DELETE", path)


@scenario("sdk_assistants", needs="assistants", cost=8, **TOUR)
async def _assistants(s: Session) -> None:
    """Assistants: made, read, listed, changed, deleted."""
    body = {"model": s.model("chat"), **ASSISTANT}
    one = id_of(await use(s, "made-1", "POST", "/assistants", body))
    await s.sleep(TICK)
    two = id_of(await use(s, "made-2", "POST", "/assistants", body))
    await use(s, "retrieve", "GET", f"/assistants/{one}")
    await use(s, "update", "POST", f"/assistants/{one}", {"name": "Other"})
    await use(s, "list", "GET", f"/assistants?{WHOLE}{one}", **PAGED)
    for name in (one, two):
        await use(s, "delete", "DELETE", f"/assistants/{name}")
    await use(s, "deleted", "GET", f"/assistants/{one}")


@scenario("sdk_threads", needs="assistants", cost=14, **TOUR)
async def _threads(s: Session) -> None:
    """A thread with messages: made, read, listed, changed, deleted."""
    path = f"/threads/{id_of(await use(s, 'create', 'POST', '/threads', {}))}"
    messages = f"{path}/messages"
    made = []
    for number in (1, 2, 3):
        sent = user(f"Number {number}.")
        made.append(id_of(await use(s, f"made-{number}", "POST", messages, sent)))
    await use(s, "list", "GET", f"{messages}?limit=1&order=asc", **PAGED)
    one = f"{messages}/{made[0]}"
    await use(s, "message", "GET", one)
    await use(s, "message-update", "POST", one, {"metadata": {"a": "b"}})
    await use(s, "message-delete", "DELETE", one)
    await use(s, "update", "POST", path, {"metadata": {"a": "b"}})
    await use(s, "retrieve", "GET", path)
    await use(s, "delete", "DELETE", path)


@scenario("sdk_runs", needs="assistants", cost=70, tokens=512, **TOUR)
async def _runs(s: Session) -> None:
    """Runs: with a tool, streamed, cancelled; their steps, page by page."""
    body = {"model": s.model("chat"), **ASSISTANT, "temperature": 0.0}
    assistant = id_of(await use(s, "assistant", "POST", "/assistants", body))
    ask = {"assistant_id": assistant, "tool_choice": "required",
           "thread": {"messages": [user(CITY)]}}  # fmt: skip
    begun = await use(s, "create-and-run", "POST", "/threads/runs", ask)
    thread = field_of(begun, "thread_id")
    if not isinstance(thread, str):
        raise Skip("the run names no thread")
    runs = f"/threads/{thread}/runs"
    path = f"{runs}/{id_of(begun)}"
    waiting = await until_ended(s, "poll", path, "requires_action")
    calls = calls_of(waiting.json)
    if calls:
        outputs = [{"tool_call_id": name, "output": OUTPUT} for name in calls]
        await use(s, "outputs", "POST", f"{path}/submit_tool_outputs", {"tool_outputs": outputs})
        after = await until_ended(s, "poll-after", path, "requires_action")
        listed = await use(s, "steps", "GET", f"{path}/steps?limit=1&order=asc", **PAGED)
        found = field_of(listed, "data")
        name = found[0].get("id") if isinstance(found, list) and found else None
        if isinstance(name, str):
            await use(s, "step", "GET", f"{path}/steps/{name}")
        await use(s, "update", "POST", path, {"metadata": {"a": "b"}})
        if field_of(after, "status") == "requires_action":
            await use(s, "cancel", "POST", f"{path}/cancel")
            await until_ended(s, "poll-cancelled", path)
    streamed = {"assistant_id": assistant, "tool_choice": "none"}
    await use(s, "stream", "POST", runs, streamed, call="beta.threads.runs.stream")
    again = {"assistant_id": assistant, "tool_choice": "required", "tools": [FUNCTION]}
    last = await use(s, "create", "POST", runs, again)
    if last.ok:
        await until_ended(s, "poll-last", f"{runs}/{id_of(last)}", "requires_action")
        await use(s, "cancel", "POST", f"{runs}/{id_of(last)}/cancel")
    await use(s, "list", "GET", f"{runs}?limit=1&order=asc", **PAGED)
    await use(s, "cleanup", "DELETE", f"/threads/{thread}")
    await use(s, "cleanup", "DELETE", f"/assistants/{assistant}")


@scenario("sdk_run_polled", needs="assistants", cost=40, tokens=128, **TOUR)
async def _polled(s: Session) -> None:
    """The helper `create_and_poll()`, which waits by itself."""
    body = {"model": s.model("chat"), "instructions": "Answer briefly."}
    assistant = id_of(await use(s, "assistant", "POST", "/assistants", body))
    sent = {"messages": [user(REPEAT)]}
    thread = f"/threads/{id_of(await use(s, 'thread', 'POST', '/threads', sent))}"
    await use(s, "poll", "POST", f"{thread}/runs", {"assistant_id": assistant},
              call="beta.threads.runs.create_and_poll")  # fmt: skip
    await use(s, "cleanup", "DELETE", thread)
    await use(s, "cleanup", "DELETE", f"/assistants/{assistant}")
