"""One cheap request for each group of routes: what is not there is refused cleanly."""

from __future__ import annotations

from conformance.probe import probe

NOTHING = "0" * 24
GROUPS: dict[str, tuple[str, str]] = {
    "files": ("GET", f"/files/file-{NOTHING}"),
    "uploads": ("POST", f"/uploads/upload_{NOTHING}/cancel"),
    "batches": ("GET", f"/batches/batch_{NOTHING}"),
    "vector-stores": ("GET", f"/vector_stores/vs_{NOTHING}"),
    "fine-tuning": ("GET", f"/fine_tuning/jobs/ftjob-{NOTHING}"),
    "assistants": ("GET", f"/assistants/asst_{NOTHING}"),
    "threads": ("GET", f"/threads/thread_{NOTHING}"),
    "containers": ("GET", f"/containers/cntr_{NOTHING}"),
    "evals": ("GET", f"/evals/eval_{NOTHING}"),
    "conversations": ("GET", f"/conversations/conv_{NOTHING}"),
    "videos": ("GET", f"/videos/video_{NOTHING}"),
    "skills": ("GET", f"/skills/skill_{NOTHING}"),
    "chatkit": ("GET", f"/chatkit/threads/cthr_{NOTHING}"),
    "audio": ("GET", f"/audio/no-such-route-{NOTHING}"),
    "images": ("GET", f"/images/no-such-route-{NOTHING}"),
    "realtime": ("GET", "/realtime?model={realtime}"),
}
STANDARD = ("files", "batches", "assistants", "threads", "realtime")

for _name, (_method, _path) in GROUPS.items():
    probe(
        f"surface_{_name.replace('-', '_')}",
        _method,
        _path,
        headers={"OpenAI-Beta": "assistants=v2"},
        valid=False,
        tier="standard" if _name in STANDARD else "full",
    )
