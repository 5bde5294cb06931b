"""Drives the probes that the selected cases name: each once, as early as its dependencies allow.

A probe waits for the gates of the capabilities that it needs and for the probes named in ``after``;
otherwise everything starts at once and the courier's limits do the rest. A run so takes about as
long as its longest chain. Exclusive scenarios, which spend a rate limit, run one by one: beside the
others where they have a key of their own, after them where they have not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from conformance.capability import Claim, Finding, all_capabilities, find, lineage
from conformance.clock import Clock, VirtualClock
from conformance.exchange import Exchange
from conformance.expect import NotApplicable
from conformance.probe import AnyProbe, Probe, Scenario, Skip, all_probes
from conformance.recording import Recording, Unsent
from conformance.requirement import Case
from conformance.session import BudgetSpent, Courier, Session

TIERS = ("smoke", "standard", "full")


class SdkDriver(Protocol):
    """A driver that sends probes through a client library."""

    name: str

    async def run(self, probe: Probe, body: Any, path: str) -> Exchange: ...


@dataclass
class World:
    """Everything that driving needs.

    ``claims``: capability to what the profile says of it. ``missing``: driver to why it is absent.
    """

    courier: Courier
    recording: Recording
    clock: Clock
    claims: Mapping[str, Claim] = field(default_factory=dict)
    sdks: Mapping[str, SdkDriver] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    tier: str = "standard"
    fuzz_tier: str = "standard"
    kept: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    seed: int = 0
    on_progress: Callable[[str, int, int], None] | None = None


@dataclass(frozen=True)
class Plan:
    """What will be sent: (driver, probe) pairs, most informative first."""

    pairs: tuple[tuple[str, str], ...]

    @property
    def requests(self) -> int:
        known = all_probes()
        return sum(known[name].cost for _, name in self.pairs)


def plan(cases: Iterable[Case], drivers: Sequence[str], tier: str = "standard") -> Plan:
    """The probes that the cases need with these drivers, with gates and dependencies.

    Raises KeyError when a case names a probe that nobody defined.
    """
    known, cases = all_probes(), tuple(cases)
    capabilities = all_capabilities()
    weight: dict[tuple[str, str], int] = {}
    passive: set[str] = set()

    def want(driver: str, name: str, worth: int) -> None:
        probe = known[name]
        if driver not in probe.drivers:
            return
        if TIERS.index(probe.tier) > TIERS.index(tier):
            return
        pair = (driver, name)
        if weight.get(pair, -1) >= worth:
            return
        weight[pair] = max(weight.get(pair, 0), worth)
        for other in probe.after:
            want(driver if driver in known[other].drivers else "http", other, worth + 1)
        for part in lineage(probe.needs):
            if part in capabilities and capabilities[part].gate != name:
                want("http", capabilities[part].gate, worth + 1)

    for case in cases:
        for part in lineage(case.requirement.needs):
            if part in capabilities:
                want("http", capabilities[part].gate, 1)
        for driver in set(drivers) & set(case.drivers):
            for name in case.probes:
                want(driver, name, weight.get((driver, name), 0) + 1)
            if case.passive:
                passive.add(driver)
    if all(case.passive for case in cases):
        _fill_in(cases, drivers, want, weight)
    if passive:
        # passive requirements want a little traffic of their driver, whatever else was selected
        for name, probe in known.items():
            for driver in passive:
                if driver in probe.drivers and _feeds(probe, driver):
                    want(driver, name, weight.get((driver, name), 0))
    order = sorted(weight, key=lambda pair: (-weight[pair], pair))
    return Plan(tuple(order))


def _fill_in(
    cases: Iterable[Case],
    drivers: Sequence[str],
    want: Callable[[str, str, int], None],
    weight: Mapping[tuple[str, str], int],
) -> None:
    """What passive requirements judge, where nothing else was selected that would send it.

    The shapes of threads want threads: with a selection of them alone only the gate of their
    capability would be sent.
    """
    known = all_probes()
    gates = {capability.gate for capability in all_capabilities().values()}
    served = {
        part for _, name in weight if name not in gates for part in lineage(known[name].needs)
    }
    lacking = {
        case.requirement.needs for case in cases if case.passive and case.requirement.needs
    } - served
    fed = {name for case in cases for name in case.feeds}
    for name, probe in known.items():
        if name in fed or (probe.needs in lacking and not probe.exclusive):
            for driver in drivers:
                want(driver, name, 0)


def _feeds(probe: AnyProbe, driver: str) -> bool:
    if not isinstance(probe, Probe):
        return False
    return probe.tier == "smoke" or (driver != "http" and probe.tier == "standard")


class Engine:
    """One driving of a plan."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._known = all_probes()
        self._done: dict[tuple[str, str], asyncio.Event] = {
            pair: asyncio.Event() for pair in plan.pairs
        }
        self._finished = 0

    async def run(self) -> None:
        """Send everything; what cannot be sent is left in the recording with its reason."""
        apart, late, alone = [], [], []
        async with asyncio.TaskGroup() as group:
            for pair in self._plan.pairs:
                probe = self._known[pair[1]]
                if self._lateness(probe):
                    late.append(pair)
                elif not probe.exclusive:
                    group.create_task(self._one(*pair))
                elif self._has_its_own_account(probe):
                    apart.append(pair)
                else:
                    alone.append(pair)
            group.create_task(self._line(apart))
        await self._line(sorted(late, key=lambda pair: self._lateness(self._known[pair[1]])))
        await self._line(alone)

    async def _line(self, pairs: Sequence[tuple[str, str]]) -> None:
        for driver, name in pairs:
            await self._one(driver, name)

    def _lateness(self, probe: AnyProbe) -> int:
        """0 for what is sent with all others; what waits for a late one is later still."""
        before = max((self._lateness(self._known[name]) for name in probe.after), default=0)
        return before + 1 if before or getattr(probe, "late", False) else 0

    def _has_its_own_account(self, probe: AnyProbe) -> bool:
        """Whether its limit is spent with a key of its own, so that the others need not wait.

        In virtual time they do: it would pass while a window is being spent.
        """
        keys = self._world.courier.target.keys
        spent = [keys.get(name) for name in getattr(probe, "keys", ())]
        others = {key for name, key in keys.items() if name not in getattr(probe, "keys", ())}
        own = bool(spent) and None not in spent and not others & set(spent)
        return own and not isinstance(self._world.clock, VirtualClock)

    async def _one(self, driver: str, name: str) -> None:
        probe = self._known[name]
        try:
            await self._await_dependencies(driver, probe)
            unsent = self._obstacle(driver, probe)
            if unsent is not None:
                self._world.recording.leave(driver, name, unsent)
                return
            await self._send(driver, probe)
            self._world.recording.finish(driver, name)
        except BudgetSpent as spent:
            self._leave(driver, name, Unsent("budget", str(spent), "quota"))
        except Skip as skip:
            self._leave(driver, name, Unsent("skipped", str(skip), "suite"))
        except Prerequisite as missing:
            self._leave(driver, name, Unsent("prerequisite", str(missing), missing.owner))
        except NotApplicable as nothing:  # the next request hangs on what was not there
            self._leave(driver, name, Unsent("prerequisite", str(nothing), "server"))
        except Exception as error:
            self._leave(driver, name, Unsent("error", f"{type(error).__name__}: {error}", "suite"))
        finally:
            self._done[(driver, name)].set()
            self._finished += 1
            if self._world.on_progress:
                self._world.on_progress(name, self._finished, len(self._done))

    def _leave(self, driver: str, name: str, unsent: Unsent) -> None:
        self._world.recording.leave(driver, name, unsent)

    async def _await_dependencies(self, driver: str, probe: AnyProbe) -> None:
        capabilities = all_capabilities()
        for part in lineage(probe.needs):
            if part in capabilities and capabilities[part].gate != probe.name:
                await self._wait_for("http", capabilities[part].gate)
        for name in probe.after:
            await self._wait_for(self._driver_of(driver, name), name)

    async def _wait_for(self, driver: str, name: str) -> None:
        event = self._done.get((driver, name))
        if event is not None:
            await event.wait()

    def _driver_of(self, driver: str, name: str) -> str:
        return driver if (driver, name) in self._done else "http"

    def _obstacle(self, driver: str, probe: AnyProbe) -> Unsent | None:
        """Why the probe is pointless: its capability is not there, or a key is missing."""
        world = self._world
        for part in reversed(lineage(probe.needs)):
            capability = all_capabilities().get(part)
            if capability is None or capability.gate == probe.name:
                continue
            finding = finding_of(part, world.recording)
            if finding in (Finding.REFUSED, Finding.ABSENT):
                return Unsent("unsupported", f"{capability.title}: {finding}", "server")
            if finding is Finding.IGNORED and world.claims.get(part) != Claim.CLAIMED:
                return Unsent("unsupported", f"{capability.title}: ignored in silence", "server")
        if isinstance(probe, Scenario):
            if probe.claimed and world.claims.get(probe.needs) != Claim.CLAIMED:
                return Unsent("unsupported", f"{probe.needs} is not claimed", "suite")
            for key in probe.keys:
                if not world.courier.target.keys.get(key):
                    return Unsent("skipped", f"no `keys.{key}` is configured", "suite")
        elif probe.key not in (None, "api") and not world.courier.target.keys.get(probe.key):
            return Unsent("skipped", f"no `keys.{probe.key}` is configured", "suite")
        if driver != "http" and driver not in world.sdks:
            reason = world.missing.get(driver, "not available here")
            return Unsent("skipped", f"the driver {driver}: {reason}", "suite")
        return None

    async def _send(self, driver: str, probe: AnyProbe) -> None:
        world = self._world
        session = Session(
            world.courier,
            probe.name,
            driver,
            prior=lambda name: self._prior(driver, name),
            tokens=probe.tokens,
            seed=world.seed,
            sdk=world.sdks.get(driver),
            tier=world.fuzz_tier,
            kept=world.kept,
        )
        if isinstance(probe, Scenario):
            await probe.run(session)
            return
        body, path = (_built(part, session, probe) for part in (probe.body, probe.path))
        if driver != "http":
            await world.sdks[driver].run(probe, world.courier.target.fill(body), path)
            return
        options: dict[str, Any] = {"headers": dict(probe.headers), "key": probe.key}
        if isinstance(body, bytes):
            options["content"] = body
        elif body is not None:
            options["json"] = body
        await session.send(
            "", probe.method, path, timeout=probe.timeout, **options, **dict(probe.options)
        )

    def _prior(self, driver: str, name: str) -> Exchange:
        recording = self._world.recording
        where = self._driver_of(driver, name)
        exchange = recording.exchange(name, where)
        if exchange is None:
            left = recording.unsent.get((where, name))
            raise Prerequisite(
                f"needs {name}: {left.reason if left else 'it was not sent'}",
                left.owner if left else "suite",
            )
        if self._known[name].valid and not exchange.ok:
            raise Prerequisite(f"needs {name}, which ended in {exchange}", "server")
        return exchange


def _built(part: Any, session: Session, probe: Probe) -> Any:
    """Body or path. What it is made from may not be in the earlier answer."""
    if not callable(part):
        return part
    try:
        return part(session)
    except (LookupError, TypeError, AttributeError) as error:
        if not probe.after:
            raise
        lacking = f"{type(error).__name__}: {error}"
        raise Prerequisite(
            f"{', '.join(probe.after)} lacks what it goes on from ({lacking})"
        ) from error


class Prerequisite(Exception):
    """An earlier answer is not usable."""

    def __init__(self, reason: str, owner: str = "server") -> None:
        super().__init__(reason)
        self.owner = owner


def finding_of(name: str, recording: Recording) -> Finding:
    """What the recording shows of a capability."""
    capability = all_capabilities()[name]
    probe = all_probes().get(capability.gate)
    left = recording.unsent.get(("http", capability.gate))
    if left is not None and (left.kind, left.owner) == ("unsupported", "server"):
        return Finding.ABSENT  # its gate needs what the target does not have
    if isinstance(probe, Scenario):
        return find(capability, recording.steps(capability.gate))
    return find(capability, recording.exchange(capability.gate))


def findings(recording: Recording) -> dict[str, Finding]:
    """What the recording shows of every capability."""
    return {name: finding_of(name, recording) for name in all_capabilities()}
