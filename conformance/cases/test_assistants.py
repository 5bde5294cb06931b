"""Assistants: kept as they were made, listed by pages, changed, deleted."""

from __future__ import annotations

from conformance.cases._objects import (
    delete_rules,
    echo,
    gone,
    good,
    list_rules,
    private,
    refused,
    same,
    served,
)
from conformance.exchange import Steps
from conformance.expect import require
from conformance.probes.assistants import ASSISTANT, INSTRUCTIONS, NAME
from conformance.requirement import MUST, SHOULD, Case, openai, openapi, requirement

NEEDS = "assistants"
CASES: list[Case] = []
LOST = ["openai-python beta.assistants: the assistant is another than was made"]

list_rules(CASES, __name__, "assistant", "assistants", probe="assistants_use", needs=NEEDS,
           source=openai("assistants/listAssistants"), before=True)  # fmt: skip
delete_rules(CASES, __name__, "assistant", "assistants", probe="assistants_use", needs=NEEDS,
             source=openai("assistants/deleteAssistant"))  # fmt: skip
private(CASES, __name__, "assistant", "assistants", probe="assistants_other_key", needs=NEEDS,
        source=openai("assistants"))  # fmt: skip


@requirement(
    "assistant.create.accepted",
    MUST,
    "An assistant is made, of a model alone and with everything.",
    source=openai("assistants/createAssistant"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_create(assistants_use: Steps) -> None:
    served(assistants_use, "made-1", "made-2")


@requirement(
    "assistant.create.nulls",
    MUST,
    "Optional members of an assistant may be null.",
    source=openapi("CreateAssistantRequest"),
    needs=NEEDS,
    any_status=True,
    breaks=["clients that send every member"],
)
def test_nulls(assistants_use: Steps) -> None:
    served(assistants_use, "made-3")


@requirement(
    "assistant.create.echo",
    MUST,
    "A new assistant has the name, the description and the instructions that were sent.",
    source=openai("assistants/createAssistant"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_echo(assistants_use: Steps) -> None:
    body = good(assistants_use, "made-1")
    for name, wanted in (
        ("name", NAME),
        ("instructions", INSTRUCTIONS),
        ("description", ASSISTANT["description"]),
    ):
        require(body.get(name) == wanted, name, wanted, body.get(name))


@requirement(
    "assistant.create.model",
    MUST,
    "A new assistant has the model that was asked for.",
    source=openai("assistants/createAssistant"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_model(assistants_use: Steps) -> None:
    sent = assistants_use["made-1"].sent.get("model")
    found = good(assistants_use, "made-1").get("model")
    require(
        isinstance(found, str) and (found == sent or found.startswith(str(sent))),
        "model",
        str(sent),
        found,
    )


@requirement(
    "assistant.create.tools",
    MUST,
    "A new assistant has the tools that were sent.",
    source=openai("assistants/createAssistant"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_tools(assistants_use: Steps) -> None:
    found = good(assistants_use, "made-1").get("tools")
    one = found[0] if isinstance(found, list) and len(found) == 1 else None
    function = one.get("function") if isinstance(one, dict) else None
    wanted = ASSISTANT["tools"][0]["function"]
    if not isinstance(function, dict):
        require(False, "tools", "the one function that was sent", found)
        return
    for name in ("name", "description", "parameters"):
        require(
            function.get(name) == wanted[name],
            f"tools[0].function.{name}",
            str(wanted[name]),
            function.get(name),
        )


@requirement(
    "assistant.create.metadata",
    MUST,
    "A new assistant has the metadata that was sent.",
    source=openai("assistants/createAssistant"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_metadata(assistants_use: Steps) -> None:
    echo(assistants_use, "made-1", {"metadata": ASSISTANT["metadata"]})


@requirement(
    "assistant.create.sampling",
    MUST,
    "A new assistant has the temperature and top_p that were sent.",
    source=openai("assistants/createAssistant"),
    needs=NEEDS,
    any_status=True,
)
def test_sampling(assistants_use: Steps) -> None:
    echo(assistants_use, "made-1", {"temperature": 0.5, "top_p": 0.9})


@requirement(
    "assistant.retrieve.same",
    MUST,
    "A retrieved assistant is the one that was made.",
    source=openai("assistants/getAssistant"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_retrieve(assistants_use: Steps) -> None:
    served(assistants_use, "retrieve")
    same(
        assistants_use,
        "made-1",
        "retrieve",
        (
            "id",
            "object",
            "created_at",
            "name",
            "description",
            "model",
            "instructions",
            "tools",
            "metadata",
        ),
    )


@requirement(
    "assistant.update.answer",
    MUST,
    "The answer to a change has what was changed.",
    source=openai("assistants/modifyAssistant"),
    needs=NEEDS,
    any_status=True,
)
def test_update(assistants_use: Steps) -> None:
    served(assistants_use, "update")
    echo(assistants_use, "update", {"name": "Other", "metadata": {"a": "b"}})
    same(assistants_use, "made-1", "update", ("id", "created_at"))


@requirement(
    "assistant.update.kept",
    MUST,
    "A change of an assistant is kept.",
    source=openai("assistants/modifyAssistant"),
    needs=NEEDS,
    any_status=True,
)
def test_updated(assistants_use: Steps) -> None:
    served(assistants_use, "update")
    echo(assistants_use, "updated", {"name": "Other"})


@requirement(
    "assistant.update.rest",
    MUST,
    "What a change of an assistant does not name stays as it was.",
    source=openai("assistants/modifyAssistant"),
    needs=NEEDS,
    any_status=True,
    breaks=["an update loses instructions and tools"],
)
def test_rest(assistants_use: Steps) -> None:
    served(assistants_use, "update")
    same(assistants_use, "made-1", "updated", ("model", "instructions", "tools", "description"))


@requirement(
    "assistant.create.no-model",
    MUST,
    "An assistant without a model is refused.",
    source=openapi("CreateAssistantRequest"),
    needs=NEEDS,
    any_status=True,
)
def test_no_model(assistants_use: Steps) -> None:
    refused(assistants_use, "no-model", statuses=(400, 422))


@requirement(
    "assistant.create.bad-tools",
    SHOULD,
    "Tools that are no list are refused.",
    source=openapi("CreateAssistantRequest"),
    needs=NEEDS,
    any_status=True,
)
def test_bad_tools(assistants_use: Steps) -> None:
    refused(assistants_use, "bad-tools", statuses=(400, 422))


@requirement(
    "assistant.unknown.update",
    MUST,
    "Changing an unknown assistant is answered 404.",
    source=openai("assistants/modifyAssistant"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown(assistants_use: Steps) -> None:
    gone(assistants_use, "unknown-update")
