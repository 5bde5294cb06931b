"""The words of every report: outcomes with order, symbol and meaning, owners, the disclaimer."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.results import Outcome, Result


@dataclass(frozen=True)
class Word:
    """How an outcome is shown: word, symbol, colour (named in ``tokens.css``), and its meaning."""

    outcome: Outcome
    symbol: str
    tone: str
    style: str
    meaning: str

    @property
    def text(self) -> str:
        return str(self.outcome)

    @property
    def slug(self) -> str:
        return self.text.replace(" ", "-")


WORDS: tuple[Word, ...] = (
    Word(
        Outcome.FAILED,
        "✗",
        "fail",
        "bold red",
        "A requirement of this run's level is violated, or a known failure holds now and its "
        "entry must go. The run is red.",
    ),
    Word(
        Outcome.ERROR,
        "!",
        "error",
        "bold magenta",
        "The target could not be reached or the suite broke. This says nothing about conformance.",
    ),
    Word(
        Outcome.WARNED,
        "▲",
        "warn",
        "yellow",
        "A SHOULD is violated: OpenAI does it and clients commonly rely on it.",
    ),
    Word(
        Outcome.KNOWN,
        "◆",
        "known",
        "yellow",
        "It is violated as the list of known failures says; the run stays green.",
    ),
    Word(Outcome.NOTED, "○", "note", "blue", "A MAY is not met. That is legal and only noted."),
    Word(
        Outcome.INCONCLUSIVE,
        "?",
        "quiet",
        "cyan",
        "Nothing could be decided, mostly because the model or a quota did not cooperate. "
        "Neither a pass nor a failure.",
    ),
    Word(
        Outcome.SKIPPED,
        "–",
        "quiet",
        "dim",
        "It was not judged in this run; the reason stands beside it.",
    ),
    Word(
        Outcome.UNSUPPORTED,
        "∅",
        "quiet",
        "dim",
        "The target does not offer the capability that the requirement is about, and does not "
        "claim it.",
    ),
    Word(
        Outcome.PASSED,
        "✓",
        "pass",
        "green",
        "It was positively verified: the bytes that came over the wire meet the requirement.",
    ),
)
"""Worst first."""

BY_OUTCOME = {word.outcome: word for word in WORDS}
_RANK = {word.outcome: rank for rank, word in enumerate(WORDS)}
_LEVELS = {"MUST": 0, "SHOULD": 1, "MAY": 2}

VIOLATIONS = (Outcome.FAILED, Outcome.WARNED, Outcome.KNOWN, Outcome.NOTED)
UNJUDGED = (Outcome.INCONCLUSIVE, Outcome.SKIPPED, Outcome.UNSUPPORTED)

OWNERS = {
    "server": "how the server answers",
    "model": "the model did not cooperate",
    "quota": "a quota or budget ended it",
    "network": "the network failed",
    "suite": "the suite or its settings",
}

LEVELS = {
    "MUST": "An official SDK, or a client written to OpenAI's documents, breaks or is misled.",
    "SHOULD": "OpenAI does it and clients commonly rely on it.",
    "MAY": "Permitted either way; noted only.",
}

NOT_CLAIMED = (
    "A passing report says that the answers recorded in this run, at this time, with these models "
    "and clients, met the requirements listed as passed. It does not say that the model is good or "
    "the same as OpenAI's, that the server is fast, safe or available, that parts marked as not "
    "judged work, or that another request would have been answered alike. Nothing here is issued "
    "or endorsed by OpenAI."
)
"""What a passing report does not claim."""


def rank(result: Result) -> tuple[int, int, str, str]:
    """The place of a result where the worst come first."""
    return (
        _RANK[result.outcome],
        _LEVELS.get(result.level, 3),
        result.requirement,
        result.driver,
    )


def worst(outcomes: list[Outcome]) -> Outcome:
    """The outcome of a group: the worst; but what was verified once is not undone by a skip."""
    found = min(outcomes, key=_RANK.__getitem__)
    if found in (Outcome.SKIPPED, Outcome.UNSUPPORTED) and Outcome.PASSED in outcomes:
        return Outcome.PASSED
    return found


def symbol(outcome: Outcome) -> str:
    return BY_OUTCOME[outcome].symbol
