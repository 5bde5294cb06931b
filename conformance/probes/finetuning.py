"""Fine-tuning jobs: listed by everybody; made, and cancelled at once, only where claimed."""

from __future__ import annotations

from conformance.capability import capability
from conformance.objects import id_of, jsonl, unknown, upload
from conformance.probe import Accepted, probe, scenario, user
from conformance.probes.assistants import walk
from conformance.requirement import MUST, openai
from conformance.session import Session

PATH = "/fine_tuning/jobs"

capability("fine-tuning", "fine-tuning jobs", "fine_tuning_list")

probe(
    "fine_tuning_list",
    "GET",
    f"{PATH}?limit=2",
    needs="fine-tuning",
    accepted=Accepted(
        "fine-tuning.list.accepted", MUST, "Fine-tuning jobs are listed.",
        openai("fine-tuning/list"), ("openai-python fine_tuning.jobs.list()",),
    ),
)  # fmt: skip


@scenario("fine_tuning_wrong", needs="fine-tuning", cost=4)
async def _wrong(s: Session) -> None:
    """What costs nothing: unknown jobs, and jobs that cannot be made."""
    name = "ftjob-" + "0" * 24
    await s.send("unknown", "GET", f"{PATH}/{name}")
    await s.send("unknown-cancel", "POST", f"{PATH}/{name}/cancel")
    await s.send("unknown-events", "GET", f"{PATH}/{name}/events")
    await s.post("no-file", PATH, model=s.model("chat"))


@scenario("fine_tuning_use", needs="fine-tuning", cost=27, tier="full", claimed=True)
async def _use(s: Session) -> None:
    """A job on a tiny file, cancelled at once."""
    lines = [
        {"messages": [user(f"Say {n}."), {"role": "assistant", "content": str(n)}]}
        for n in range(10)
    ]
    file = id_of(await s.send("file", "POST", "/files", **upload("t.jsonl", jsonl(lines),
                                                                "fine-tune")))  # fmt: skip
    await s.post("unknown-file", PATH, model=s.model("chat"), training_file=unknown(file))
    made = await s.post("create", PATH, model=s.model("chat"), training_file=file, suffix="conf",
                        metadata={"suite": "conformance"})  # fmt: skip
    if made.ok:
        path = f"{PATH}/{id_of(made)}"
        if s.key("second"):
            await s.send("foreign", "GET", path, key="second")
            await s.send("foreign-events", "GET", f"{path}/events", key="second")
            await s.send("foreign-cancel", "POST", f"{path}/cancel", key="second")
        await s.send("cancel", "POST", f"{path}/cancel")
        await s.send("retrieve", "GET", path)
        await s.send("again", "POST", f"{path}/cancel")
        await s.send("list", "GET", f"{PATH}?limit=20")
        await s.send("events", "GET", f"{path}/events")
        await walk(s, f"{path}/events?limit=1", 12)
        await s.send("checkpoints", "GET", f"{path}/checkpoints")
    await s.send("cleanup", "DELETE", f"/files/{file}")
