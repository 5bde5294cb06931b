"""``conformance migrate-check``: a user's own recorded calls, replayed against another provider.

The key of the recording is never sent: the new target's own is. Neither is ever written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.errors import UnreachableError, UsageError
from conformance.exchange import Exchange
from conformance.migrate import Call, Calls, calls_of, secrets_of

MOST = 100
PROBE = "migrate"


def migrate_check_command(given: dict[str, Any]) -> int:
    from conformance.reporting import migrate as report
    from conformance.setup import setup_of

    place, pairs, most, as_json = (
        given.pop(name) for name in ("recording", "map", "calls", "json")
    )
    recorded = recorded_calls(Path(place))
    setup = setup_of({**given, "driver": ["http"]})
    if setup.settings.embedded and not given.get("profile"):
        raise UsageError("`conformance migrate-check` wants the new provider: give --base-url URL.")
    for name, value in secrets_of(recorded).items():
        setup.redactor.learn(name, value)
    names = {**setup.settings.profile.aliases, **dict(_pair(word) for word in pairs or ())}
    calls = calls_of(recorded, names, most or MOST)
    if not calls.calls:
        raise UsageError(
            f"{place} holds no call of OpenAI's API that can be sent again: "
            + "; ".join(f"{count} entries: {why}" for why, count in calls.left.items())
        )
    replays, exchanges = _replayed(setup, calls)
    rules = violated_rules(setup, exchanges)
    met = [report.meet(one, rules) for one in replays]
    target = setup.target.name or setup.target.base_url
    render = report.render_json if as_json else report.render
    page = setup.redactor.text(render(target, met, calls.left))
    print(page, end="\n" if as_json else "")
    if setup.settings.out is not None:
        _keep(setup, exchanges, page)
    return 1 if report.breaks(met) else 0


def recorded_calls(place: Path) -> list[Exchange]:
    """The entries of a HAR file, or of a run's folder. Raises UsageError."""
    from conformance.har import read_har

    found = read_har(place / "exchanges.har" if place.is_dir() else place)
    if not found:
        raise UsageError(f"{place} is a HAR file without a single entry: record your calls first")
    return found


def _pair(word: str) -> tuple[str, str]:
    old, equals, new = word.partition("=")
    if not (old and equals and new):
        raise UsageError(f"--map wants OLD=NEW, such as gpt-4o=llama-3.3-70b, not {word!r}.")
    return old, new


def _replayed(setup: Any, calls: Calls) -> tuple[list[Any], list[Exchange]]:
    from conformance.output import redacted
    from conformance.recording import Recording
    from conformance.reporting.migrate import Replay

    recording = Recording()
    with setup.provider() as target:
        replays: list[Replay] = asyncio.run(replay_all(target, calls.calls, recording))
    if all(one.answer is not None and one.answer.response is None for one in replays):
        failure = replays[0].answer.failure if replays[0].answer else None
        if failure is not None and failure.kind in ("connect", "tls"):
            raise UnreachableError(f"{target.base_url} cannot be reached: {failure.message}.")
    return replays, [redacted(x, setup.redactor) for x in recording.exchanges]


async def replay_all(target: Any, calls: Sequence[Call], recording: Any) -> list[Any]:
    """Send every call, and again under the target's own model where its model is not known."""
    from conformance.clock import SystemClock
    from conformance.drivers.http import HttpDriver
    from conformance.reporting.migrate import Replay
    from conformance.session import BudgetSpent, Courier, Session

    clock = SystemClock()
    http = HttpDriver(target, recording, clock)
    session = Session(Courier(target, http, recording, clock), PROBE)

    async def send(call: Call, step: str, body: bytes) -> Exchange | None:
        try:
            return await session.send(
                step, call.method, call.path, content=body or None, headers=call.headers
            )
        except BudgetSpent:
            return None

    async def one(call: Call) -> Replay:
        answer = await send(call, call.recorded.id, call.body)
        other = own_model(target, call)
        if answer is None or not other or not _unknown_model(answer):
            return Replay(call, answer)
        body = renamed_body(call, other)
        again = await send(call, f"{call.recorded.id} as {other}", body)
        return Replay(call, answer, again, other)

    try:
        return list(await asyncio.gather(*(one(call) for call in calls)))
    finally:
        await http.aclose()


_KINDS = {
    "/chat/completions": "chat",
    "/responses": "chat",
    "/completions": "completion",
    "/embeddings": "embedding",
    "/moderations": "moderation",
}


def own_model(target: Any, call: Call) -> str:
    """The target's model for this kind of call, where it is another than the recorded one."""
    kind = _KINDS.get(call.recorded.endpoint, "")
    found = str(target.models.get(kind, ""))
    return found if found != (call.new_model or call.model) else ""


def renamed_body(call: Call, model: str) -> bytes:
    """The recorded body with another model."""
    from conformance.session import encode

    return encode({**call.recorded.sent, "model": model})


def _unknown_model(x: Exchange) -> bool:
    body = x.json
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return x.status in (400, 404) and (code == "model_not_found" or x.status == 404)


def violated_rules(setup: Any, exchanges: Sequence[Exchange]) -> dict[str, list[str]]:
    """By exchange, the MUST requirements about single answers that it violates."""
    from conformance.catalogue import all_cases
    from conformance.expect import Inconclusive, NotApplicable, Violation
    from conformance.recording import Recording
    from conformance.requirement import MUST

    applies = setup.settings.profile.applies
    index = Recording(exchanges).by_probe()
    found: dict[str, list[str]] = {}
    for case in all_cases():
        rule = case.requirement
        if case.over is None or case.together or rule.level is not MUST or not applies(rule.needs):
            continue
        for x in index.picked("http", case.over):
            try:
                case.function(x)
            except Violation:
                found.setdefault(x.id, []).append(case.id)
            except (Inconclusive, NotApplicable):
                continue
    return found


def _keep(setup: Any, exchanges: Sequence[Exchange], page: str) -> None:
    from conformance import __version__
    from conformance.har import write_har
    from conformance.output import write

    folder: Path = setup.settings.out
    folder.mkdir(parents=True, exist_ok=True)
    text = write_har(exchanges, creator="openai-conformance", version=__version__)
    write(folder / "exchanges.har", text)
    write(folder / ("migrate.json" if page.startswith("{") else "migrate.md"), page)
