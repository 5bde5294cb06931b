"""From settings to a run: what pytest and the command line share."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.capability import Claim
from conformance.exchange import Exchange
from conformance.output import Spool, write_outputs
from conformance.recording import Recording
from conformance.requirement import Case
from conformance.results import Result, Run
from conformance.resume import answered, resumed
from conformance.run import Drive, Options, assemble, drive
from conformance.secrets import Redactor
from conformance.settings import Settings, resolve
from conformance.shard import parse as parse_shard
from conformance.target import Target

if TYPE_CHECKING:
    from conformance.reference.spawn import SpawnedReference


@dataclass
class Setup:
    """Everything that a run needs, decided. ``progress``: (probe, done, all) as it goes."""

    settings: Settings
    target: Target
    options: Options
    redactor: Redactor
    progress: Callable[[str, int, int], None] | None = None
    started: float = field(default_factory=time.time)
    notes: list[str] = field(default_factory=list)
    earlier: tuple[Exchange, ...] = ()
    _embedded: SpawnedReference | None = None

    def begin(self) -> None:
        """Start the embedded provider, if it is the target: it needs a moment until it listens."""
        if self.settings.embedded and self._embedded is None:
            from conformance.reference.spawn import SpawnedReference

            self._embedded = SpawnedReference(self.settings.profile.name)
            self._embedded.start()

    def close(self) -> None:
        """End what :meth:`begin` started and no drive has ended yet."""
        if self._embedded is not None:
            self._embedded.close()
            self._embedded = None

    def drive(self, cases: Sequence[Case]) -> Drive:
        """Send what the cases need; the embedded provider is started and stopped around it."""
        with self.provider() as target:
            recording = Recording(self.earlier)
            with Spool(self.settings.out, self.redactor) as spool:
                for exchange in self.earlier:
                    spool.add(exchange)
                for pair in answered(self.earlier):
                    recording.finish(*pair)
                    spool.finish(*pair)
                recording.listeners.append(spool.add)
                recording.changed.append(spool.add)
                recording.endings.append(spool.finish)
                work = drive(
                    target, cases, self.options, recording=recording, progress=self.progress
                )
                found = asyncio.run(work)
            for hearing in (recording.listeners, recording.changed, recording.endings):
                hearing.clear()
        return found

    @contextmanager
    def provider(self) -> Iterator[Target]:
        """The target, with the embedded provider started and stopped around it."""
        if not self.settings.embedded:
            yield self.target
            return
        self.begin()
        assert self._embedded is not None
        try:
            with self._embedded as served:
                target = replace(self.target, base_url=served.base_url)
                self.target = replace(target, name="embedded provider")
                yield target
        finally:
            self._embedded = None

    def finish(self, found: Drive, results: Sequence[Result]) -> Run:
        """The run as a value; its files are written when an output folder is set."""
        from conformance import known_failures
        from conformance.catalogue import by_id
        from conformance.claims import audit, summary
        from conformance.cost import cost
        from conformance.fuzz.kept import coverage, told

        cases = by_id()
        order = {id: n for n, id in enumerate(cases)}
        ranked = sorted(results, key=lambda r: (order.get(r.requirement, 0), r.driver))
        profile, exchanges = self.settings.profile, found.recording.exchanges
        claims = audit(profile, ranked, found.abilities, exchanges)
        spent = cost(exchanges, profile)
        fuzzed = coverage(exchanges)
        more: dict[str, Any] = {"unpriced": dict(spent.unpriced)} if profile.prices else {}
        if fuzzed:
            more["fuzzed"] = fuzzed
            more["fuzz_failures"] = [self.redactor.text(line) for line in told(exchanges)]
        if profile.claims:
            day = datetime.fromtimestamp(self.started, UTC).date().isoformat()
            where = self.target.name or self.target.base_url
            paragraph = summary(profile, claims, where=where, when=day)
            more["claims"] = self.redactor.text(paragraph)
        if profile.contradictions:
            more["contradictions"] = profile.contradictions_told
        known = known_failures.listed(self.options.known, profile)
        self.notes += known_failures.findings(known, ranked)
        notes = [self.redactor.text(note) for note in (*self.settings.notes, *self.notes)]
        if notes:
            more["notes"] = notes
        run = assemble(
            self.target,
            self.options,
            found,
            ranked,
            cases,
            [claim.line() for claim in claims],
            started=self.started,
            redactor=self.redactor,
            cost=spent.usd,
            more=more,
        )
        if self.settings.out is not None:
            write_outputs(
                self.settings.out, run, exchanges, self.redactor, found.recording.finished
            )
        return run


ACCOUNTS = ("second", "limited", "revoked", "no_quota", "forbidden")
"""Keys that say what another account may do."""


def claims_of(settings: Settings) -> Mapping[str, Claim]:
    """What the profile claims. Who gives keys of several accounts says that keys are checked."""
    claims = dict(settings.profile.claims_of_capabilities)
    if any(settings.target.keys.get(name) for name in ACCOUNTS):
        claims.setdefault("auth", Claim.CLAIMED)
    return claims


def setup_of(
    given: Mapping[str, Any], environ: Mapping[str, str] | None = None, *, out: Path | None = None
) -> Setup:
    """Settings from options, environment, file and profile. Raises UsageError."""
    from conformance import known_failures
    from conformance.fuzz.kept import load as load_kept

    given = {name: value for name, value in given.items() if value is not None}
    config = Path(given["config"]) if given.get("config") else None
    settings = resolve(given, environ or os.environ, config, given.get("profile"))
    if settings.out is None and out is not None:
        settings = replace(settings, out=out)
    known = known_failures.load(settings.known_failures) if settings.known_failures else ()
    options = Options(
        drivers=settings.drivers,
        claims=claims_of(settings),
        profile=settings.profile.name,
        tier=settings.tier,
        strict=settings.level == "should",
        seed=settings.seed,
        fuzz=settings.fuzz,
        known=(*known, *known_failures.documented(settings.profile)),
        shard=parse_shard(given.get("shard") or "1/1"),
    )
    if options.fuzz:
        options = replace(options, kept=load_kept(settings.out))
    earlier = resumed(Path(given["resume"])) if given.get("resume") else ()
    made = Setup(settings, settings.target, options, Redactor(settings.target.keys))
    made.earlier = earlier
    return made
