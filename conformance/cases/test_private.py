"""What belongs to one account is neither read nor changed by another, whatever the way to it."""

from __future__ import annotations

from conformance.cases._objects import rule, step, words
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, fail
from conformance.requirement import MUST, Case, Source, openai

CASES: list[Case] = []
HARM = ("everybody: one customer reads or changes what belongs to another",)


def _closed(steps: Steps, names: tuple[str, ...]) -> None:
    """None of the steps that another account sent was let through."""
    sent = [name for name in names if name in steps]
    if not sent:
        raise NotApplicable("no `keys.second` is configured, or nothing was made")
    for name in sent:
        found: Exchange = step(steps, name)
        if found.ok:
            fail("status", ["404", "403"], words(found), exchange=found)


def _add(id: str, text: str, probe: str, needs: str, source: Source, *names: str) -> None:
    rule(CASES, __name__, id, text, lambda steps: _closed(steps, names), probes=(probe,),
         needs=needs, source=source, level=MUST, breaks=HARM)  # fmt: skip


_add(
    "assistant.private.update",
    "Another account cannot change one's assistants.",
    "assistants_other_key",
    "assistants",
    openai("assistants/modifyAssistant"),
    "update",
)
_add(
    "thread.private.write",
    "Another account can neither change a thread nor add messages or runs to it.",
    "assistants_other_key",
    "assistants",
    openai("messages/createMessage"),
    "thread-update",
    "thread-add",
    "thread-run",
)
_add(
    "thread.private.nested",
    "Another account reads neither a thread's messages nor its runs.",
    "assistants_other_key",
    "assistants",
    openai("messages/getMessage"),
    "thread-message",
    "thread-runs",
)
_add(
    "thread.run.private",
    "Another account can neither read nor cancel a run, nor see its steps.",
    "run_cancel",
    "assistants",
    openai("runs/getRun"),
    "foreign-get",
    "foreign-steps",
    "foreign-cancel",
)
_add(
    "vector-store.private.search",
    "Another account neither lists nor searches a store's files.",
    "vector_store_files",
    "vector-stores",
    openai("vector-stores/search"),
    "foreign-files",
    "foreign-search",
)
_add(
    "vector-store.private.write",
    "Another account can neither change, empty nor delete one's vector store.",
    "vector_store_files",
    "vector-stores",
    openai("vector-stores/modify"),
    "foreign-update",
    "foreign-detach",
    "foreign-delete",
)
_add(
    "conversations.private-items",
    "Another account cannot read the items of a conversation.",
    "conversation_life",
    "conversations",
    openai("conversations/list-items"),
    "foreign items",
)
_add(
    "conversations.private-write",
    "Another account can neither change a conversation, add to it nor delete it.",
    "conversation_life",
    "conversations",
    openai("conversations/update"),
    "foreign update",
    "foreign add",
    "foreign delete",
)
_add(
    "responses.stored.private-delete",
    "Another account cannot delete a response.",
    "responses_items",
    "responses.stored",
    openai("responses/delete"),
    "foreign delete",
)
_add(
    "responses.background.private",
    "Another account cannot cancel a response.",
    "responses_background_cancel",
    "responses.background",
    openai("responses/cancel"),
    "foreign cancel",
)
_add(
    "uploads.private",
    "Another account can neither add to an upload nor cancel it.",
    "upload_use",
    "uploads",
    openai("uploads/add-part"),
    "foreign-part",
    "foreign-cancel",
)
_add(
    "fine-tuning.private",
    "Another account can neither read nor cancel a job.",
    "fine_tuning_use",
    "fine-tuning",
    openai("fine-tuning/retrieve"),
    "foreign",
    "foreign-events",
    "foreign-cancel",
)
