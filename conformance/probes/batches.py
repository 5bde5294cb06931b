"""Batches: a file of requests, its outputs, its errors; a broken file; a cancelled batch."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.objects import TICK, field_of, id_of, jsonl, unknown, upload
from conformance.probe import Accepted, probe, scenario, user
from conformance.probes.chat import REPEAT
from conformance.requirement import MUST, openai
from conformance.session import Session

PATH = "/batches"
ENDPOINT = "/v1/chat/completions"
GOOD, BAD = ("good-1", "good 2 ✓"), "bad-3"
ENDED = ("completed", "failed", "expired", "cancelled")
WAIT = (0.4, 0.4, 0.8, *(1.0,) * 8, *(2.5,) * 14)
"""Seconds between looks at a batch: three quarters of a minute in all."""

capability("batches", "batches", "batches_list", within="files")

probe(
    "batches_list",
    "GET",
    PATH,
    needs="batches",
    accepted=Accepted(
        "batches.list.accepted", MUST, "Batches are listed.", openai("batch/list"),
        ("openai-python batches.list()",),
    ),
)  # fmt: skip


def _line(s: Session, name: str, **body: Any) -> dict[str, Any]:
    made = {"model": s.model("chat"), "messages": [user(REPEAT)], "max_tokens": 8, **body}
    return {"custom_id": name, "method": "POST", "url": ENDPOINT, "body": made}


async def _file(s: Session, step: str, data: bytes) -> str:
    return id_of(await s.send(step, "POST", "/files", **upload(f"{step}.jsonl", data, "batch")))


async def _make(s: Session, step: str, file: str, **more: Any) -> Exchange:
    body = {"input_file_id": file, "endpoint": ENDPOINT, "completion_window": "24h", **more}
    return await s.post(step, PATH, **body)


async def _poll(s: Session, step: str, path: str) -> Exchange:
    for pause in WAIT:
        found = await s.send(step, "GET", path)
        if not found.ok or field_of(found, "status") in ENDED:
            break
        await s.sleep(pause)
    return found


@scenario("batch_use", needs="batches", cost=60, tokens=64)
async def _use(s: Session) -> None:
    """Two good requests and a bad one; two more batches for the lists, cancelled at once."""
    lines = [_line(s, name) for name in GOOD] + [_line(s, BAD, max_tokens=-1)]
    file = await _file(s, "input", jsonl(lines))
    single = await _file(s, "single", jsonl(lines[:1]))
    one = id_of(await _make(s, "made-1", file, metadata={"suite": "conformance"}))
    for _ in range(3):
        await s.send("early", "GET", f"{PATH}/{one}")
        await s.sleep(TICK / 2)
    two = id_of(await _make(s, "made-2", single))
    await s.send("cancel", "POST", f"{PATH}/{two}/cancel")
    await s.sleep(TICK)
    three = id_of(await _make(s, "made-3", single))
    await s.send("cancel-3", "POST", f"{PATH}/{three}/cancel")
    path = f"{PATH}/{one}"
    await s.gather(
        s.send("retrieve", "GET", path),
        s.send("list", "GET", f"{PATH}?limit=100"),
        s.send("limit", "GET", f"{PATH}?limit=1"),
        s.send("after", "GET", f"{PATH}?limit=100&after={three}"),
        s.send("unknown", "GET", f"{PATH}/{unknown(one)}"),
        s.send("unknown-cancel", "POST", f"{PATH}/{unknown(one)}/cancel"),
        _poll(s, "cancelled", f"{PATH}/{two}"),
    )
    ended = await _poll(s, "poll", path)
    for step, name in (("output", "output_file_id"), ("errors", "error_file_id")):
        found = field_of(ended, name)
        if isinstance(found, str) and found:
            await s.send(f"{step}-file", "GET", f"/files/{found}")
            await s.send(step, "GET", f"/files/{found}/content")
    if field_of(ended, "status") == "completed":
        await s.send("late-cancel", "POST", f"{path}/cancel")
    for name in (file, single):
        await s.send("cleanup", "DELETE", f"/files/{name}")


@scenario("batch_wrong", needs="batches", cost=45)
async def _wrong(s: Session) -> None:
    """Batches that cannot be made, and one whose file is not JSON lines."""
    broken = await _file(s, "broken", b'{"custom_id": "a", "method": "POST"\nnot JSON\n')
    await _make(s, "unknown-file", unknown(broken))
    await _make(s, "endpoint", broken, endpoint="/v1/no/such/endpoint")
    await _make(s, "window", broken, completion_window="7 hours")
    made = await _make(s, "made", broken)
    if made.ok:
        await _poll(s, "poll", f"{PATH}/{id_of(made)}")
    await s.send("cleanup", "DELETE", f"/files/{broken}")


@scenario("batch_other_key", needs="batches", keys=("second",), cost=6, tokens=16)
async def _other_key(s: Session) -> None:
    """Another account looks for a batch."""
    file = await _file(s, "private", jsonl([_line(s, "one")]))
    name = id_of(await _make(s, "create", file))
    await s.send("get", "GET", f"{PATH}/{name}", key="second")
    await s.send("list", "GET", f"{PATH}?limit=100", key="second")
    await s.send("cancel", "POST", f"{PATH}/{name}/cancel", key="second")
    await s.send("still-there", "GET", f"{PATH}/{name}")
    await s.send("cleanup", "POST", f"{PATH}/{name}/cancel")
