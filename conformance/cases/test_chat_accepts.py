"""Chat completions: standard optional parameters are accepted, null, neutral, at their ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.chats import choices_of, content_of, ended_at_once, entries_of, finish_of
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, expect, require
from conformance.probes.chat_accepts import (
    ALONE,
    BOUNDS,
    FRACTIONS,
    NEUTRALS,
    NULLS,
    OPTIONAL,
    ORDERS,
)
from conformance.requirement import (
    MUST,
    Case,
    Level,
    Requirement,
    Source,
    add_case,
    openai,
    requirement,
)

QUOTA = "the answer was 429"


def single(name: str) -> Callable[[Steps], None]:
    """One parameter of a bundle: accepted with the others, or alone."""

    def decide(steps: Steps) -> None:
        whole, alone = steps.get("all"), steps.get(name)
        if whole is not None and name not in ALONE:
            if whole.ok:
                return
            if whole.status == 429:
                raise Inconclusive(QUOTA, owner="quota")
        if alone is None:
            raise NotApplicable("it was not sent alone")
        if alone.status == 429:
            raise Inconclusive(QUOTA, owner="quota")
        expect(alone).status(2)

    return decide


def together(steps: Steps) -> None:
    """The bundle was accepted, or one of its parts alone was refused."""
    whole = steps.get("all")
    if whole is None:
        raise NotApplicable
    if whole.status == 429:
        raise Inconclusive(QUOTA, owner="quota")
    parts = [x for x in steps if x.step != "all" and x.step not in ALONE]
    if any(not x.ok for x in parts):
        raise NotApplicable("another requirement speaks of a part that is refused")
    expect(whole).status(2)


class Table:
    """Holds the generated cases of one scenario."""

    def __init__(self, scenario: str, kind: str, breaks: tuple[str, ...]) -> None:
        self.scenario, self.kind, self.breaks = scenario, kind, breaks

    def __call__(self) -> None:
        """Callable, so that the catalogue looks here for cases."""

    def add(
        self, word: str, level: Level, text: str, source: Source, function: Callable[..., None]
    ) -> None:
        made = Requirement(f"chat.{self.kind}.{word}", level, text, source, "chat", self.breaks)
        add_case(
            self,
            Case(made, function, probes=(self.scenario,), any_status=True, module=__name__),
        )

    def parameters(self, values: Mapping[str, tuple[Level, Any]], words: str) -> Table:
        for name, (level, value) in values.items():
            shown = words.format(name=name, value=_shown(value))
            word = name.replace("_", "-")
            self.add(word, level, shown, openai(f"chat/create {name}"), single(name))
        text = f"The parameters of chat.{self.kind} are accepted together."
        self.add("together", MUST, text, openai("chat/create"), together)
        return self


def _shown(value: Any) -> str:
    return {"True": "true", "False": "false", "None": "null"}.get(str(value), str(value)).replace(
        "'", '"'
    )


nulls = Table(
    "chat_nulls", "null", ("SDKs and frameworks that send what was not set as null",)
).parameters(NULLS, "`{name}: null` is accepted and means that it is not set.")
neutrals = Table("chat_neutrals", "neutral", ("every client that always sends it",)).parameters(
    NEUTRALS, "`{name}: {value}` is accepted."
)
bounds = Table("chat_bounds", "bound", ("clients that use the documented range",)).parameters(
    BOUNDS, "`{name}: {value}`, the end of its range, is accepted."
)
fractions = Table("chat_fractions", "value", ("clients that use the documented range",)).parameters(
    FRACTIONS, "`{name}: {value}` is accepted."
)

_WORDS = {
    "assistant-first": "A conversation may begin with an assistant message.",
    "two-users": "Two user messages may follow each other.",
    "two-systems": "There may be several system messages.",
    "late-system": "A system message may come late in a conversation.",
    "name": "A message may have a `name`.",
    "empty-text": "The content of a message may be an empty string.",
    "assistant-last": "A conversation may end with an assistant message.",
    "system-only": "A conversation may be one system message.",
}
orders = Table("chat_orders", "order", ("agents and frameworks that build such conversations",))
for _word, (_level, _) in ORDERS.items():
    orders.add(_word, _level, _WORDS[_word], openai("chat/create messages"), single(_word))
orders.add(
    "together",
    MUST,
    "System, assistant and user messages may stand in any order.",
    openai("chat/create messages"),
    together,
)


def plain(steps: Steps) -> Exchange:
    whole = steps.get("all")
    if whole is None or not whole.ok:
        raise NotApplicable("another requirement speaks of the refusal")
    return whole


@requirement(
    "chat.null.means-absent",
    MUST,
    "Optional parameters that are null do nothing: there is one whole answer, not streamed, "
    "without log probabilities.",
    source=openai("chat/create"),
    needs="chat",
    any_status=True,
    breaks=["SDKs and frameworks that send what was not set as null"],
)
def test_null_means_absent(chat_nulls: Steps) -> None:
    does_nothing(plain(chat_nulls))


@requirement(
    "chat.neutral.changes-nothing",
    MUST,
    "Optional parameters at their neutral value do nothing: there is one whole answer, not "
    "streamed, without log probabilities.",
    source=openai("chat/create"),
    needs="chat",
    any_status=True,
    breaks=["every client that always sends them"],
)
def test_neutral(chat_neutrals: Steps) -> None:
    does_nothing(plain(chat_neutrals))


def does_nothing(x: Exchange) -> None:
    listed = choices_of(x)
    if not listed:
        require(not x.is_sse, "header content-type", "application/json", "text/event-stream")
        raise NotApplicable
    if ended_at_once(x):
        raise Inconclusive("the model ended its answer at once")
    if finish_of(x) in ("stop", "length"):
        require(bool(content_of(x)), "choices[0].message.content", "a text", "")
    logprobs = entries_of(listed[0])
    require(not logprobs, "choices[0].logprobs", "null", logprobs)


def clean(name: str) -> Callable[[Exchange], None]:
    def decide(x: Exchange) -> None:
        if x.status == 429 or not x.status:
            raise Inconclusive(f"the answer was {x}", owner="quota")
        require(x.status < 500, "status", ["200", "4xx"], x.status)

    return decide


class Optional:
    """Holds the cases of parameters that a server may refuse."""

    def __call__(self) -> None:
        """Callable, so that the catalogue looks here for cases."""


optional = Optional()
for _name, _more in OPTIONAL.items():
    _shown_name = next(iter(_more))
    _made = Requirement(
        f"chat.optional.{_name.replace('_', '-')}",
        MUST,
        f"`{_shown_name}: {_shown(_more[_shown_name])}` is done, or refused with a 4xx status.",
        openai(f"chat/create {_shown_name}"),
        "chat",
        ("a 5xx is retried again and again",),
    )
    add_case(
        optional,
        Case(
            _made,
            clean(_name),
            probes=(f"chat_optional_{_name}",),
            any_status=True,
            module=__name__,
        ),
    )
