"""Lists gone through page by page, as the client libraries do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conformance.cases._objects import ids, own, walk_rule
from conformance.exchange import Steps
from conformance.requirement import Case, Source, openai

CASES: list[Case] = []


def _add(
    id: str,
    noun: str,
    wanted: Callable[[Steps], Iterable[Any]],
    *,
    probe: str,
    needs: str,
    source: Source,
    on_a_page: int = 1,
) -> None:
    walk_rule(CASES, __name__, id, noun, wanted, probe=probe, needs=needs, source=source,
              on_a_page=on_a_page)  # fmt: skip


def _named(*steps: str) -> Callable[[Steps], list[str]]:
    return lambda found: [own(found, name) for name in steps]


_add("thread.message.list.ends", "messages",
     lambda s: [*ids(s, "initial"), *_named("made-1", "made-2", "made-3")(s)],
     probe="threads_use", needs="assistants", source=openai("messages/listMessages"),
     on_a_page=2)  # fmt: skip
_add("thread.run.list.ends", "runs", _named("create", "create-2"),
     probe="run_answer", needs="assistants", source=openai("runs/listRuns"))  # fmt: skip
_add("thread.run.step.list-ends", "run steps", lambda s: ids(s, "steps"),
     probe="run_tools", needs="assistants", source=openai("run-steps/listRunSteps"))  # fmt: skip
_add("vector-store.file.list-ends", "files of a vector store", _named("fact", "other"),
     probe="vector_store_files", needs="vector-stores",
     source=openai("vector-stores-files/listFiles"))  # fmt: skip
_add("vector-store.batch.files-ends", "files of a file batch", _named("one", "two"),
     probe="vector_store_batch", needs="vector-stores.batches",
     source=openai("vector-stores-file-batches/listBatchFiles"))  # fmt: skip
_add("fine-tuning.events.ends", "events of a job", lambda s: ids(s, "events"),
     probe="fine_tuning_use", needs="fine-tuning",
     source=openai("fine-tuning/list-events"))  # fmt: skip
