"""The file of expected violations: read strictly, written from a run. It can only shrink."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from conformance.claims import DOCUMENTED
from conformance.config_file import typed
from conformance.errors import UsageError
from conformance.profile import Profile, did_you_mean, read_toml
from conformance.results import Observation, Outcome, Result
from conformance.verdict import KnownFailure

_FIELDS = ("requirement", "driver", "reason", "since", "expires")
_HEAD = """\
# Violations that are known. A run is green with them, and red again when one of them is mended
# (delete its entry) or when its `expires` has passed.
"""


def load(path: Path, requirements: Collection[str] | None = None) -> tuple[KnownFailure, ...]:
    """The entries of a file.

    ``requirements``: the ids that exist; the catalogue's where none are given. Raises UsageError
    for an unknown key or requirement, no reason, a bad date, or two entries for the same thing.
    """
    data = read_toml(path, "list of known failures")
    for key in data:
        if key != "known_failures":
            raise UsageError(f"{path}: unknown key {key!r}; entries are [[known_failures]] tables.")
    rows = data.get("known_failures", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path}: known_failures wants [[known_failures]] tables.")
    if requirements is None:
        from conformance.catalogue import by_id

        requirements = by_id().keys()
    entries: list[KnownFailure] = []
    for number, row in enumerate(rows, start=1):
        entry = _entry(f"{path}, entry {number}", row, requirements)
        for other in entries:
            same_driver = not entry.driver or not other.driver or entry.driver == other.driver
            if other.requirement == entry.requirement and same_driver:
                raise UsageError(
                    f"{path}, entry {number}: {entry.requirement} is listed twice; keep one."
                )
        entries.append(entry)
    return tuple(entries)


def _entry(where: str, row: Mapping[str, Any], requirements: Collection[str]) -> KnownFailure:
    for key in row:
        if key not in _FIELDS:
            raise UsageError(f"{where}: unknown key {key!r}{did_you_mean(key, _FIELDS)}")
    fields: dict[str, str] = {}
    for name, value in row.items():
        if name in ("since", "expires"):
            fields[name] = _day(where, name, value)
        else:
            fields[name] = typed(where, name, value, str).strip()
    name = fields.get("requirement", "")
    if not name:
        raise UsageError(f"{where}: 'requirement' is missing; name the one that is violated.")
    if name not in requirements:
        raise UsageError(f"{where}: no requirement is called {name!r}{_near(name, requirements)}")
    if not fields.get("reason"):
        raise UsageError(f"{where}: 'reason' is missing; say why {name} is violated.")
    return KnownFailure(**fields)


def _near(name: str, requirements: Collection[str]) -> str:
    text = did_you_mean(name, requirements)
    return text if text.startswith("; did") else "; `conformance list` shows all."


def _day(where: str, name: str, value: Any) -> str:
    """A day as ISO text, from a TOML date or a string."""
    if isinstance(value, datetime):
        value = value.date()
    try:
        return (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {name} wants a day like 2026-12-31, not {value!r}.") from error


def documented(profile: Profile) -> tuple[KnownFailure, ...]:
    """Where the provider's own documents leave OpenAI's: expected, and said, not failed."""
    return tuple(
        KnownFailure(row.requirement, f"{DOCUMENTED}{profile.title}: {row.reason}")
        for row in profile.divergences
    )


def listed(known: Iterable[KnownFailure], profile: Profile) -> tuple[KnownFailure, ...]:
    """The entries of the file, without what the provider documents."""
    beside = documented(profile)
    return tuple(entry for entry in known if entry not in beside)


def findings(
    known: Iterable[KnownFailure], results: Iterable[Result], today: str = ""
) -> list[str]:
    """What is wrong with the list after a run: entries that expired, and that met nothing.

    An entry of which the run judged nothing is said, because it may be dead.
    """
    today = today or datetime.now(UTC).date().isoformat()
    judged = (Observation.HELD, Observation.VIOLATED)
    seen = [(r.requirement, r.driver) for r in results if r.observation in judged]
    said = []
    for entry in known:
        name = entry.requirement + (f" [{entry.driver}]" if entry.driver else "")
        if entry.expires and entry.expires < today:
            said.append(f"the known failure {name} expired on {entry.expires}: mend it.")
        elif not any(r == entry.requirement and entry.driver in ("", d) for r, d in seen):
            said.append(
                f"the known failure {name} met nothing in this run; delete it if it is gone."
            )
    return said


def dump(
    results: Iterable[Result], today: str = "", known: Iterable[KnownFailure] | None = None
) -> str:
    """A list that excuses what failed in a run, to be read by :func:`load`.

    ``known``: the entries that stood. Those that are still violated, and those of which the run
    judged nothing, stay as they are; new ones say what was seen and want a reason. Without them
    what was known in the run is written with its reason.
    """
    results = tuple(results)
    today = today or datetime.now(UTC).date().isoformat()
    drivers: dict[str, set[str]] = {}
    failed: dict[str, list[Result]] = {}
    judged: set[tuple[str, str]] = set()
    standing = tuple(known or ())
    for result in results:
        drivers.setdefault(result.requirement, set()).add(result.driver)
        if result.observation in (Observation.HELD, Observation.VIOLATED):
            judged |= {(result.requirement, result.driver), (result.requirement, "")}
        bad = result.outcome is Outcome.FAILED or (
            known is None and result.outcome is Outcome.KNOWN
        )
        if bad and result.observation is Observation.VIOLATED:
            failed.setdefault(result.requirement, []).append(result)
    blocks: list[tuple[str, str]] = []
    for name, found in failed.items():
        everywhere = {r.driver for r in found} == drivers[name]
        if everywhere and len({r.reason for r in found}) == 1:
            blocks.append((name, _block(found[0], "", today)))
        else:
            blocks += [(name, _block(result, result.driver, today)) for result in found]
    violated = {
        (r.requirement, driver)
        for r in results
        if r.outcome is Outcome.KNOWN
        for driver in (r.driver, "")
    }
    for entry in standing:
        place = (entry.requirement, entry.driver)
        if place not in judged or place in violated:
            blocks.append((entry.requirement, _entry_block(entry)))
    return "\n".join([_HEAD, *(block for _, block in sorted(blocks))])


def _block(result: Result, driver: str, today: str) -> str:
    seen = result.message or f"{result.text or 'violated'}"
    reason = result.reason or f"say why: {seen}"
    since = "" if result.reason else today
    return _entry_block(KnownFailure(result.requirement, reason, driver, since))


def _entry_block(entry: KnownFailure) -> str:
    rows = [(name, getattr(entry, name)) for name in _FIELDS]
    lines = [f"{name} = {_quoted(value)}" for name, value in rows if value]
    return "[[known_failures]]\n" + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string."""
    clean = text.encode("utf-8", "replace").decode()
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
