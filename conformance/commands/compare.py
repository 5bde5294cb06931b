"""``conformance compare``: what changes for a client that moves from one target to another.

Either side is read from an earlier run or asked now: both are sent the same probes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conformance.errors import UnreachableError, UsageError
from conformance.exchange import Exchange
from conformance.profile import Profile, load_profile, profile_names
from conformance.results import load

OWN = frozenset({"--base-url", "--api-key"})


@dataclass(frozen=True)
class Side:
    """One of the two targets. ``profile``: what is known of it beside its answers."""

    name: str
    exchanges: Sequence[Exchange]
    profile: Profile | None = None
    notes: tuple[str, ...] = field(default=())


def compare_command(given: dict[str, Any]) -> int:
    from conformance.reporting.compare import compare, ordered, render

    sides = [
        read_or_ask(
            given[letter],
            key=given.get(f"key_{letter}"),
            tier=given.get("tier") or "smoke",
            limits={name: given.get(name) for name in ("rpm", "timeout")},
        )
        for letter in "ab"
    ]
    a, b = sides
    beside = [*prices(a.profile, b.profile), *renamed(b.profile)]
    found = ordered([*compare(a.exchanges, b.exchanges), *beside])
    page = render([a.name, b.name], found)
    if given.get("out"):
        keep(Path(given["out"]), sides, page)
    if given.get("json"):
        rows = [{**asdict(d), "weight": d.weight.name.lower()} for d in found]
        print(json.dumps({"a": a.name, "b": b.name, "differences": rows}, ensure_ascii=False))
    else:
        print(page, end="")
    return 0


def read_or_ask(
    word: str, *, key: str | None, tier: str, limits: Mapping[str, Any] | None = None
) -> Side:
    """A side: the recording that the word names, or that of asking the target it names now.

    Raises UsageError where the word names neither, UnreachableError where nothing answers.
    """
    place = Path(word)
    har = place / "exchanges.har" if place.is_dir() else place
    if place.is_dir() or word.endswith(".har"):
        return _read(place, har)
    options = {**_options_of(word), **{k: v for k, v in (limits or {}).items() if v is not None}}
    if key:
        options["api_key"] = key
    return _ask(word, options, tier)


def _read(place: Path, har: Path) -> Side:
    from conformance.har import read_har

    if not har.exists():
        raise UsageError(f"{place} holds no exchanges.har: it is not the folder of a run")
    profile = None
    name = place.name
    try:
        header = load(place if place.is_dir() else place.parent).header
    except UsageError:
        header = {}
    if header.get("profile") in profile_names():
        profile = load_profile(str(header["profile"]))
    shown = header.get("profile") if header.get("target") == "embedded provider" else None
    return Side(str(shown or header.get("target") or name), read_har(har), profile)


def _options_of(word: str) -> dict[str, Any]:
    profile, at, url = word.partition("@")
    if at and url.startswith(("http://", "https://")):
        return {"profile": profile, "base_url": url}
    if word.startswith(("http://", "https://")):
        return {"base_url": word}
    if word in profile_names():
        return {"profile": word}
    if word.endswith(".toml") and Path(word).is_file():
        return {"config": word}
    raise UsageError(
        f"{word!r} is no folder or HAR of a run, no URL (http://... or https://...), no "
        f"configuration file, and no profile ({', '.join(profile_names())})"
    )


def _ask(word: str, options: Mapping[str, Any], tier: str) -> Side:
    from conformance.output import redacted
    from conformance.setup import setup_of

    setup = setup_of({**options, "driver": ["http"], "tier": "standard"})
    profile = setup.settings.profile
    for note in setup.settings.notes:
        print(f"{word}: {note}", file=sys.stderr)
    served = " (the embedded provider)" if setup.settings.embedded else ""
    print(f"asking {word}{served} ...", file=sys.stderr, flush=True)
    found = setup.drive(compared(tier))
    if found.unreachable:
        raise UnreachableError(f"{word}: {found.unreachable}")
    exchanges = [redacted(x, setup.redactor) for x in found.recording.exchanges]
    return Side(setup.settings.target.name or word if not served else word, exchanges, profile)


def compared(tier: str) -> list[Any]:
    """Cases made up so that what both sides are asked is driven, and nothing else.

    The gates of the capabilities and the probes of the smoke tier; with the standard tier every
    single request that a run sends.
    """
    from conformance.capability import all_capabilities
    from conformance.engine import TIERS
    from conformance.probe import Probe, all_probes
    from conformance.profile import of_one_provider
    from conformance.requirement import MAY, Case, Requirement, suite

    known = all_probes()
    own = {name for name, probe in known.items() if of_one_provider(probe.needs)}
    gates = {c.gate for n, c in all_capabilities().items() if not of_one_provider(n)}
    wanted = {
        name
        for name, probe in known.items()
        if isinstance(probe, Probe)
        and "http" in probe.drivers
        and (name in gates or name in COMPARED or TIERS.index(probe.tier) <= TIERS.index(tier))
        and name not in DEAR
    }
    nothing = suite("compare")
    return [
        Case(
            Requirement(f"compare.{name}", MAY, "It is compared.", nothing),
            lambda: None,
            probes=(name,),
            any_status=True,
        )
        for name in sorted(wanted - own)
    ]


COMPARED = (
    "embeddings",
    "errors_chat_model_missing",
    "errors_chat_messages_missing",
    "errors_chat_messages_empty",
    "errors_chat_invalid_json",
    "errors_chat_temperature_type",
    "errors_chat_temperature_above",
    "errors_chat_role_unknown",
    "errors_chat_model_unknown",
    "errors_url_post",
    "errors_method_get",
)
"""Wrong requests whose refusals client code handles."""


DEAR = ("image", "responses_background_start")
"""What costs too much, or goes on too long, for a look at two targets."""


def prices(a: Profile | None, b: Profile | None) -> list[Any]:
    """What the pages of both sides say that a million tokens cost."""
    from conformance.reporting.compare import Difference, Weight

    def told(profile: Profile | None) -> str:
        rows = profile.prices if profile is not None else ()
        said = [f"{p.model or p.kind}: {p.input:g} in, {p.output:g} out" for p in rows]
        return "; ".join(said) or "not known"

    one, other = told(a), told(b)
    if one == other:
        return []
    return [Difference(Weight.PRICES, "dollars a million tokens", one, other)]


def renamed(b: Profile | None) -> list[Any]:
    """What the pages of the new target say to write instead of OpenAI's model names."""
    from conformance.reporting.compare import Difference, Weight

    aliases = b.aliases if b is not None else {}
    return [
        Difference(Weight.MODELS, "to be renamed", old, new, depth=1)
        for old, new in sorted(aliases.items())
    ]


def keep(folder: Path, sides: Sequence[Side], page: str) -> None:
    """Both recordings, each readable by every command that reads a HAR, and the page."""
    from conformance import __version__
    from conformance.har import write_har
    from conformance.output import write

    folder.mkdir(parents=True, exist_ok=True)
    for letter, side in zip("ab", sides, strict=True):
        text = write_har(side.exchanges, creator="openai-conformance", version=__version__)
        write(folder / f"{letter}.har", text)
    write(folder / "compare.md", page)
