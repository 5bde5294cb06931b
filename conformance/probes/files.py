"""Files, and uploads in parts: what is stored comes back byte for byte."""

from __future__ import annotations

from conformance.capability import capability
from conformance.objects import TICK, Part, field_of, form, id_of, jsonl, unknown, upload
from conformance.probe import Accepted, probe, scenario
from conformance.requirement import MUST, openai
from conformance.session import Session

PATH = "/files"


def batch_line(name: str) -> bytes:
    """One line of a batch's input; some servers look into what is uploaded as one."""
    said = {"model": "some-model", "messages": [{"role": "user", "content": "naïve ✓ 文件"}]}
    line = {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": said}
    return jsonl([line])


TEXT = batch_line("one") + batch_line("two, without a newline").rstrip()
TUNING = jsonl([{"messages": [{"role": r, "content": "Hi."} for r in ("user", "assistant")]}])
BYTES = bytes(range(256)) * 3 + b"\r\n--conformance-boundary\r\n\r\n\n\r\n"
LARGE = b"".join(batch_line(f"{n:06d}").replace(b"\n", b"\r\n") for n in range(1000))
ODD_NAME = "naïve – 文件 (1) a;b.jsonl"
PLAIN_NAME = "two words v1.2.jsonl"

capability("files", "files", "files_list")
capability("uploads", "uploads in parts", "upload_create", within="files")

probe(
    "files_list",
    "GET",
    PATH,
    needs="files",
    accepted=Accepted(
        "files.list.accepted", MUST, "Files are listed.", openai("files/list"),
        ("openai-python files.list()",),
    ),
)  # fmt: skip


@scenario("files_use", needs="files", cost=30)
async def _use(s: Session) -> None:
    """Three files: listed, retrieved, read, deleted."""
    first = await s.send("made-1", "POST", PATH, **upload("input.jsonl", TEXT, "batch"))
    one = id_of(first)
    await s.sleep(TICK)
    second = await s.send("made-2", "POST", PATH, **upload(PLAIN_NAME, TUNING, "fine-tune"))
    await s.sleep(TICK)
    third = await s.send("made-3", "POST", PATH, **upload(ODD_NAME, batch_line("odd"), "batch"))
    two, three = id_of(second), id_of(third)
    desc = f"{PATH}?limit=100&order=desc"
    await s.gather(
        s.send("retrieve", "GET", f"{PATH}/{one}"),
        s.send("content", "GET", f"{PATH}/{one}/content"),
        s.send("list", "GET", f"{PATH}?limit=100"),
        s.send("limit", "GET", f"{PATH}?limit=1"),
        s.send("after", "GET", f"{desc}&after={three}"),
        s.send("asc", "GET", f"{PATH}?limit=100&order=asc&after={one}"),
        s.send("purpose", "GET", f"{PATH}?limit=100&purpose=fine-tune"),
        s.send("unknown", "GET", f"{PATH}/{unknown(one)}"),
        s.send("unknown-content", "GET", f"{PATH}/{unknown(one)}/content"),
        s.send("unknown-delete", "DELETE", f"{PATH}/{unknown(one)}"),
    )
    await s.send("delete", "DELETE", f"{PATH}/{one}")
    await s.send("deleted", "GET", f"{PATH}/{one}")
    await s.send("deleted-content", "GET", f"{PATH}/{one}/content")
    await s.send("delete-again", "DELETE", f"{PATH}/{one}")
    await s.send("left", "GET", f"{PATH}?limit=100")
    await s.send("cleanup", "DELETE", f"{PATH}/{two}")
    await s.send("cleanup", "DELETE", f"{PATH}/{three}")


@scenario("files_bytes", needs="files", cost=10)
async def _bytes(s: Session) -> None:
    """Contents that careless servers change: every byte, many bytes, one byte."""
    for step, data in (("bytes", BYTES), ("large", LARGE), ("tiny", b"x")):
        made = await s.send(step, "POST", PATH, **upload(f"{step}.jsonl", data, "batch"))
        if not made.ok:
            continue
        name = id_of(made)
        await s.send(f"{step}-content", "GET", f"{PATH}/{name}/content")
        await s.send("cleanup", "DELETE", f"{PATH}/{name}")


@scenario("files_forms", needs="files", cost=12)
async def _forms(s: Session) -> None:
    """Forms that are legal but unusual, and forms that are wrong."""
    file = Part("file", batch_line("a"), "a.jsonl")
    purpose = Part("purpose", "batch")
    legal = {
        "file-first": form(file, purpose),
        "quoted-boundary": form(purpose, file),
        "expires": form(
            purpose,
            Part("expires_after[anchor]", "created_at"),
            Part("expires_after[seconds]", "7200"),
            file,
        ),
        "typed": form(purpose, Part("file", file.data, "a.jsonl", "text/plain; charset=utf-8")),
    }
    legal["quoted-boundary"]["headers"] = {
        "content-type": 'multipart/form-data; boundary="conformance-boundary-7f3a"'
    }
    for step, options in legal.items():
        made = await s.send(step, "POST", PATH, **options)
        if made.ok:
            await s.send("cleanup", "DELETE", f"{PATH}/{id_of(made)}")
    wrong = {
        "no-purpose": form(file),
        "no-file": form(purpose),
        "bad-purpose": form(Part("purpose", "no-such-purpose"), file),
        "file-is-text": form(purpose, Part("file", "only text")),
    }
    for step, options in wrong.items():
        await s.send(step, "POST", PATH, retry=False, **options)
    await s.send("json", "POST", PATH, json={"purpose": "batch", "file": "x"}, retry=False)


@scenario("files_other_key", needs="files", keys=("second",), cost=7)
async def _other_key(s: Session) -> None:
    """Another account looks for a file."""
    made = await s.send("create", "POST", PATH, **upload("private.jsonl", TEXT, "batch"))
    name = id_of(made)
    for step, method, path in (
        ("get", "GET", f"{PATH}/{name}"),
        ("content", "GET", f"{PATH}/{name}/content"),
        ("list", "GET", f"{PATH}?limit=100"),
        ("delete", "DELETE", f"{PATH}/{name}"),
    ):
        await s.send(step, method, path, key="second")
    await s.send("still-there", "GET", f"{PATH}/{name}")
    await s.send("cleanup", "DELETE", f"{PATH}/{name}")


HEAD, TAIL = b'{"part": 1}\n', b'{"part": 2}\n'


@scenario("upload_create", needs="uploads", cost=1)
async def _gate(s: Session) -> None:
    """The gate: an upload is opened, nothing is sent."""
    await s.post("create", "/uploads", **_upload(len(HEAD)))


def _upload(size: int) -> dict[str, object]:
    return {
        "filename": "parts.jsonl",
        "purpose": "batch",
        "bytes": size,
        "mime_type": "application/jsonl",
    }


@scenario("upload_use", needs="uploads", cost=18)
async def _parts(s: Session) -> None:
    """Two parts, sent in the wrong order and put together in the right one."""
    made = await s.post("create", "/uploads", **_upload(len(HEAD + TAIL)))
    path = f"/uploads/{id_of(made)}"
    tail = await s.send("part-2", "POST", f"{path}/parts", **form(Part("data", TAIL, "blob")))
    head = await s.send("part-1", "POST", f"{path}/parts", **form(Part("data", HEAD, "blob")))
    ids = [id_of(head), id_of(tail)]
    await s.post("unknown-part", f"{path}/complete", part_ids=[unknown(ids[0])])
    whole = field_of(await s.post("complete", f"{path}/complete", part_ids=ids), "file")
    file = whole.get("id") if isinstance(whole, dict) else None
    await s.send("late-part", "POST", f"{path}/parts", **form(Part("data", HEAD, "blob")))
    await s.send("late-cancel", "POST", f"{path}/cancel")
    if isinstance(file, str) and file:
        await s.send("file", "GET", f"{PATH}/{file}")
        await s.send("content", "GET", f"{PATH}/{file}/content")
        await s.send("cleanup", "DELETE", f"{PATH}/{file}")
    other = await s.post("create-2", "/uploads", **_upload(999))
    path = f"/uploads/{id_of(other)}"
    part = await s.send("part-3", "POST", f"{path}/parts", **form(Part("data", HEAD, "blob")))
    await s.post("wrong-size", f"{path}/complete", part_ids=[id_of(part)])
    if s.key("second"):
        sent = form(Part("data", HEAD, "blob"))
        await s.send("foreign-part", "POST", f"{path}/parts", key="second", **sent)
        await s.send("foreign-cancel", "POST", f"{path}/cancel", key="second")
    await s.send("cancel", "POST", f"{path}/cancel")
    await s.send("cancelled-part", "POST", f"{path}/parts", **form(Part("data", HEAD, "blob")))
    await s.post("cancelled-complete", f"{path}/complete", part_ids=[id_of(part)])
    await s.send("unknown", "POST", f"{path[:-8]}00000000/cancel")
