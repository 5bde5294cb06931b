"""Every resource of the Python client library works as an application uses it.

The library hides how an answer was wrong: it returns objects without fields, ends a list early, or
asks for pages for ever. What a caller gets is judged here, against what stood on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conformance.cases._objects import Object, own
from conformance.cases._sdk import raised_words
from conformance.exchange import ClientView, Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.sdk_resources import DRIVERS
from conformance.requirement import MUST, Case, Requirement, sdk

CASES: list[Case] = []
SOURCE = sdk("openai-python 3.51 resources")
PAGES = sdk("openai-python 3.51 pagination.py")
UNJUDGED = ("cleanup",)
GONE = ("deleted",)
"""Steps that ask for what is not there any more."""

MAY_REFUSE = {
    "sdk_transcription": ("translation",),
    "sdk_images": ("edit",),
    "sdk_fine_tuning_use": ("made-1", "pause", "resume", "cancel"),
    "sdk_vector_store_batches": ("cancel",),
    "sdk_responses_background": ("cancel",),
    "sdk_runs": ("cancel",),
    "sdk_batches": ("cancel",),
}
"""Calls that a sound server may refuse: another model is needed, or the work has ended."""

RESOURCES = {
    "files": ("files", "sdk_files", "files"),
    "uploads": ("uploads", "sdk_uploads", "uploads"),
    "batches": ("batches", "sdk_batches", "batches"),
    "vector-stores": ("vector stores and their files", "sdk_vector_stores", "vector-stores"),
    "file-batches": ("file batches", "sdk_vector_store_batches", "vector-stores.batches"),
    "fine-tuning": ("fine-tuning jobs", "sdk_fine_tuning_use", "fine-tuning"),
    "speech": ("speech", "sdk_speech", "audio.speech"),
    "transcriptions": ("transcriptions", "sdk_transcription", "audio.transcription"),
    "images": ("images", "sdk_images", "images"),
    "conversations": ("conversations and their items", "sdk_conversations", "conversations"),
    "responses": ("stored responses", "sdk_responses_stored", "responses.stored"),
    "background": ("background responses", "sdk_responses_background", "responses.background"),
    "input-tokens": ("counts of input tokens", "sdk_input_tokens", "responses.input-tokens"),
    "compact": ("compactions", "sdk_compact", "responses.compact"),
    "chat-stored": ("stored chat completions", "sdk_chat_stored", "chat.store"),
    "assistants": ("assistants", "sdk_assistants", "assistants"),
    "threads": ("threads and messages", "sdk_threads", "assistants"),
    "runs": ("runs and run steps", "sdk_runs", "assistants"),
}
"""Slug: the words for it, the tour, the capability."""


def _last(steps: Steps) -> dict[str, Exchange]:
    """The last exchange of each step that a call of the library ended in."""
    return {x.step: x for x in steps if x.client is not None and x.step not in UNJUDGED}


def _view(x: Exchange) -> ClientView:
    assert x.client is not None
    if x.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    return x.client


def _returns(x: Exchange) -> None:
    """The call returned what stands on the wire."""
    view = _view(x)
    if view.outcome != "returned":
        fail(f"client {view.call}", "a returned object", raised_words(view), exchange=x)
    wire = x.json
    if x.is_sse or view.extra.get("pages") or not isinstance(wire, dict):
        return
    if view.value is None:
        return  # the library drops what is answered to some deletions
    value = view.value if isinstance(view.value, dict) else {}
    if "bytes" in value and "sha256" in value:
        return  # a file's content, which may be JSON
    if isinstance(wire.get("id"), str):
        found = value.get("id")
        require(found == wire["id"], f"client {view.call} id", wire["id"], found)


def _raises(x: Exchange) -> None:
    view = _view(x)
    error = view.error if isinstance(view.error, dict) else {}
    found = view.outcome if view.outcome == "returned" else (error.get("classes") or ["?"])[0]
    if found != "NotFoundError":
        fail(f"client {view.call}", "NotFoundError", found, exchange=x)


def _works(steps: Steps) -> None:
    ended = _last(steps)
    if not ended:
        raise NotApplicable
    for name, x in ended.items():
        if name in GONE:
            _raises(x)
        elif name in MAY_REFUSE.get(steps.name, ()) and 400 <= x.status < 500:
            continue
        else:
            _returns(x)


def _add(
    id: str, text: str, judge: Callable[[Steps], None], tour: str, needs: str, source: Any = SOURCE,
    breaks: Iterable[str] = (),
) -> None:  # fmt: skip
    made = Requirement(id, MUST, text, source, needs, tuple(breaks))
    CASES.append(Case(made, judge, (tour,), None, DRIVERS, any_status=True, module=__name__))


for _slug, (_words, _tour, _needs) in RESOURCES.items():
    _add(
        f"sdk.{_slug}.works",
        f"The Python client library makes, reads, changes and deletes {_words}, and its calls "
        "return what was answered.",
        _works,
        _tour,
        _needs,
        breaks=[f"openai-python: applications that use {_words}"],
    )


def _paged(steps: Steps, name: str) -> list[Object]:
    """Everything that iterating over a list yielded."""
    found = [x for x in steps.all(name) if x.client is not None]
    if not found:
        raise NotApplicable(f"{name} was not sent")
    view = _view(found[-1])
    if view.outcome != "returned":
        fail(f"client {view.call}", "every page", raised_words(view), exchange=found[-1])
    items = [one for one in view.value or () if isinstance(one, dict)]
    names = [str(one.get("id")) for one in items]
    if len(set(names)) < len(names):
        fail(f"client {view.call}", "each once", names[:12], exchange=found[-1])
    if view.extra.get("endless"):
        raise Inconclusive("there are more pages than the suite looks at", owner="suite")
    return items


def _iterates(
    step: str, wanted: Callable[[Steps], Iterable[str]], without: str = ""
) -> Callable[[Steps], None]:
    def judge(steps: Steps) -> None:
        names = [one.get("id") for one in _paged(steps, step)]
        lost = [one for one in wanted(steps) if one not in names]
        require(not lost, f"client iteration over {step}", f"{lost} among them", names[:12])
        if without:
            before = own(steps, without)
            require(before not in names, f"client iteration over {step}", f"without {before}",
                    names[:12])  # fmt: skip

    return judge


def _made(*steps: str) -> Callable[[Steps], list[str]]:
    return lambda found: [own(found, name) for name in steps]


def _nothing(steps: Steps) -> list[str]:
    return []


def _added(steps: Steps) -> list[str]:
    found = steps.get("add")
    data = found.json.get("data") if found and found.ok and isinstance(found.json, dict) else None
    listed = data if isinstance(data, list) else []
    return [str(one["id"]) for one in listed if isinstance(one, dict) and "id" in one]


def _several(step: str, least: int) -> Callable[[Steps], None]:
    def judge(steps: Steps) -> None:
        found = len(_paged(steps, step))
        require(found >= least, f"client iteration over {step}", f"{least} or more", found)

    return judge


def _steps(steps: Steps) -> None:
    ended = [x for x in steps.all("poll-after") if x.ok and isinstance(x.json, dict)]
    if not ended or ended[-1].json.get("status") not in ("completed", "requires_action"):
        raise NotApplicable("the run did not go on")
    _several("steps", 2)(steps)


for _slug, _words, _tour, _needs, _judge in (
    ("files", "files", "sdk_files", "files", _iterates("list", _made("made-2"), "made-1")),
    ("batches", "batches", "sdk_batches", "batches", _iterates("list", _made("made-1"))),
    ("vector-stores", "vector stores", "sdk_vector_stores", "vector-stores",
     _iterates("list", _made("made-2"), "made-1")),
    ("vector-store-files", "the files of a vector store", "sdk_vector_stores", "vector-stores",
     _iterates("files", _made("file-1", "file-2", "file-3"))),
    ("file-batches", "the files of a file batch", "sdk_vector_store_batches",
     "vector-stores.batches", _iterates("files", _made("file-1", "file-2"))),
    ("fine-tuning", "fine-tuning jobs", "sdk_fine_tuning", "fine-tuning",
     _iterates("list", _nothing)),
    ("fine-tuning-events", "the events of a job", "sdk_fine_tuning_use", "fine-tuning",
     _several("events", 1)),
    ("conversations", "the items of a conversation", "sdk_conversations", "conversations",
     _iterates("items", _added)),
    ("input-items", "the input items of a response", "sdk_responses_stored", "responses.stored",
     _several("items", 3)),
    ("chat-messages", "the messages of a stored completion", "sdk_chat_stored", "chat.store",
     _several("messages", 3)),
    ("chat-stored", "stored completions", "sdk_chat_stored", "chat.store",
     _iterates("list", _made("create"))),
    ("assistants", "assistants", "sdk_assistants", "assistants",
     _iterates("list", _made("made-2"), "made-1")),
    ("messages", "the messages of a thread", "sdk_threads", "assistants",
     _iterates("list", _made("made-1", "made-2", "made-3"))),
    ("runs", "the runs of a thread", "sdk_runs", "assistants",
     _iterates("list", _made("create-and-run", "create"))),
    ("run-steps", "the steps of a run", "sdk_runs", "assistants", _steps),
):  # fmt: skip
    _add(
        f"sdk.pages.{_slug}",
        f"Iterating over {_words} with the client library yields each once and comes to an end.",
        _judge,
        _tour,
        _needs,
        PAGES,
        ("openai-python: a list that ends early, repeats itself or never ends",),
    )


def _streamed(steps: Steps) -> None:
    x = _last(steps).get("stream")
    if x is None:
        raise NotApplicable("nothing was streamed")
    view = _view(x)
    if view.outcome != "returned":
        fail(f"client {view.call}", "the run at its end", raised_words(view), exchange=x)
    events = view.extra.get("events") or []
    for name in ("thread.run.created", "thread.message.delta"):
        require(name in events, f"client {view.call} events", name, events[:20])
    status = view.value.get("status") if isinstance(view.value, dict) else None
    require(status in ("completed", "incomplete"), f"client {view.call} status", "completed",
            status)  # fmt: skip


_add(
    "sdk.runs.stream-helper",
    "The helper `runs.stream()` yields the events of a run and holds the run at its end.",
    _streamed,
    "sdk_runs",
    "assistants",
    sdk("openai-python 3.51 lib/streaming/_assistants.py"),
    ("openai-python beta.threads.runs.stream(): RuntimeError",),
)


def _polled(steps: Steps) -> None:
    x = _last(steps).get("poll")
    if x is None:
        raise NotApplicable("nothing was polled")
    view = _view(x)
    if view.outcome != "returned":
        fail(f"client {view.call}", "the run at its end", raised_words(view), exchange=x)
    status = view.value.get("status") if isinstance(view.value, dict) else None
    require(status in ("completed", "incomplete"), f"client {view.call} status", "completed",
            status)  # fmt: skip


_add(
    "sdk.runs.poll-helper",
    "The helper `runs.create_and_poll()` comes back with a run that is completed.",
    _polled,
    "sdk_run_polled",
    "assistants",
    sdk("openai-python 3.51 resources/beta/threads/runs: create_and_poll"),
    ("openai-python beta.threads.runs.create_and_poll(): waits for ever",),
)
