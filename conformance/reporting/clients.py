"""Will my client work? From the requirements' own notes on what they break, client by client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.reporting.workarounds import workaround
from conformance.results import Observation, Result

OTHERS = "Other clients"
BROKEN, SHAKY, SOUND, UNKNOWN = "breaks", "may be affected", "nothing seen", "not judged"


@dataclass(frozen=True)
class Known:
    """A client and the words by which notes name it. ``ids``: areas that it cannot do without.

    ``needs``: capabilities without which it does not work at all.
    """

    name: str
    words: str
    but: str = "$^"
    ids: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


_HELPER = (
    r"helper|\.stream\(|\.parse\(|parse\(\)|_and_poll|runs\.(poll|stream)|get_final_response|"
    r"accumulate_delta|on_tool_call|until_done|joins"
)
CLIENTS = (
    Known(
        "openai-python, plain calls",
        r"openai-python|\bSDKs?\b|\bPython\b|httpx",
        f"Agents SDK|AI SDK|{_HELPER}",
        needs=("chat",),
    ),
    Known(
        "openai-python, helpers (.stream(), .parse(), polling)",
        rf"openai-python.*({_HELPER})|model_validate_json|openai-python, strict",
        ids=("sdk.stream-helper", "sdk.parse", "sdk.responses"),
        needs=("chat.stream",),
    ),
    Known(
        "openai-node, plain calls",
        r"openai-node|\bSDKs?\b|JSON\.parse|\bfetch\b|undici|browsers?\b",
        f"Agents SDK|AI SDK|{_HELPER}",
        needs=("chat",),
    ),
    Known(
        "openai-node, helpers (.stream(), runTools())",
        rf"openai-node.*({_HELPER})",
        needs=("chat.stream",),
    ),
    Known(
        "openai-go and other strictly typed clients",
        r"\bGo\b|openai-go|Rust|Java\b|C#|dotnet|Swift|typed|strict (clients|decoders)|dart|"
        r"Spring|pydantic|openai-php|\bstrict\b",
        needs=("chat",),
    ),
    Known("LangChain", r"LangChain", needs=("chat",)),
    Known("Vercel AI SDK", r"\bAI SDK\b", needs=("chat.stream",)),
    Known("LiteLLM", r"LiteLLM", needs=("chat",)),
    Known(
        "Agents that need tools in streams (Agents SDK, Codex, OpenCode)",
        r"\bagents?\b|Agents SDK|Codex|OpenCode|MCP",
        ids=("chat.tools.stream", "sdk.stream.tool", "responses.stream.function"),
        needs=("chat.stream", "chat.tools"),
    ),
)


@dataclass(frozen=True)
class Trouble:
    """What a client meets, the requirements that say so, and what can be done."""

    what: str
    requirements: tuple[str, ...]
    workaround: str = ""


@dataclass(frozen=True)
class Client:
    """``held`` and ``named``: of the requirements that concern it, verified ones and all."""

    name: str
    state: str
    troubles: tuple[Trouble, ...]
    held: int = 0
    named: int = 0


def clients(
    results: Iterable[Result], capabilities: Mapping[str, str] | None = None
) -> tuple[Client, ...]:
    """Every known client with what it would meet, most troubled first; then what hits others."""
    results = tuple(results)
    found = [_client(known, results, capabilities or {}) for known in CLIENTS]
    order = (BROKEN, SHAKY, UNKNOWN, SOUND)
    found.sort(key=lambda c: (order.index(c.state), -len(c.troubles)))
    others = _others(results)
    return (*found, *((others,) if others.troubles else ()))


def _client(known: Known, results: Iterable[Result], capabilities: Mapping[str, str]) -> Client:
    held: set[str] = set()
    named: set[str] = set()
    violated: dict[str, str] = {}
    troubles: dict[str, list[str]] = {}
    for result in results:
        notes = notes_of(known, result)
        if not notes:
            continue
        named.add(result.requirement)
        if result.observation is Observation.HELD:
            held.add(result.requirement)
        elif result.observation is Observation.VIOLATED:
            violated[result.requirement] = result.level
            _gather(troubles, notes, result.requirement)
    made = [
        Trouble(f"it needs `{name}`, which is {capabilities[name]} here", ())
        for name in known.needs
        if capabilities.get(name) in ("absent", "refused", "ignored", "broken")
    ]
    broken = bool(made) or "MUST" in violated.values()
    made += _troubles(troubles)
    state = BROKEN if broken else SHAKY if violated else SOUND if held else UNKNOWN
    return Client(known.name, state, tuple(made), len(held - violated.keys()), len(named))


def notes_of(known: Known, result: Result) -> tuple[str, ...]:
    """What a requirement says that it does to a client, without the client's name."""
    found = tuple(
        _without_name(note)
        for note in result.breaks
        if re.search(known.words, note.partition(": ")[0]) and not re.search(known.but, note)
    )
    if not found and result.requirement.startswith(tuple(f"{id}." for id in known.ids)):
        return result.breaks[:1] or (result.text,)
    return found


def _without_name(note: str) -> str:
    name, colon, what = note.partition(": ")
    if not colon:
        call = re.fullmatch(r"openai-(?:python|node) (\S+\(.*\))", note)
        return f"{call[1]} fails" if call else note
    call = re.search(r"\S+\(\)", name)
    return f"{call[0]}: {what}" if call else what


def _others(results: Iterable[Result]) -> Client:
    """What violated requirements say of clients that have no row of their own."""
    troubles: dict[str, list[str]] = {}
    worst = SHAKY
    for result in results:
        if result.observation is not Observation.VIOLATED:
            continue
        rest = [
            note
            for note in result.breaks
            if not any(re.search(known.words, note.partition(": ")[0]) for known in CLIENTS)
        ]
        if rest and result.level == "MUST":
            worst = BROKEN
        _gather(troubles, rest, result.requirement)
    return Client(OTHERS, worst, tuple(_troubles(troubles)))


def _gather(troubles: dict[str, list[str]], notes: Iterable[str], requirement: str) -> None:
    for note in notes:
        ids = troubles.setdefault(note, [])
        if requirement not in ids:
            ids.append(requirement)


def _troubles(found: Mapping[str, list[str]]) -> list[Trouble]:
    return [
        Trouble(what, tuple(ids), next((w for id in ids if (w := workaround(id))), ""))
        for what, ids in found.items()
    ]
