"""``conformance doctor``: is the target reachable, what can it do, what would a run cost.

Sends one request a capability at most, and ``conformance drivers`` none at all.
"""

from __future__ import annotations

from typing import Any


def doctor_command(given: dict[str, Any]) -> int:
    from rich.console import Console
    from rich.table import Table

    from conformance.capability import all_capabilities
    from conformance.catalogue import all_cases
    from conformance.errors import UnreachableError
    from conformance.run import planned
    from conformance.setup import setup_of

    console = Console(highlight=False)
    setup = setup_of(given)
    settings = setup.settings
    for name, origin in sorted(settings.sources.items()):
        console.print(f"{name:<14} from {origin}", markup=False)
    gates = [c for c in _gate_cases() if settings.profile.applies(c.requirement.needs)]
    found = setup.drive(gates)
    if found.unreachable:
        raise UnreachableError(found.unreachable)
    table = Table("capability", "profile says", "found", box=None, pad_edge=False)
    for name, capability in all_capabilities().items():
        claim = setup.options.claims.get(name, "unknown")
        table.add_row(f"{name}  ({capability.title})", str(claim), str(found.abilities[name]))
    console.print(table)
    models = _models(found.recording)
    console.print(f"models listed: {', '.join(models[:12]) or 'none'}", markup=False)
    missing = [m for m in set(setup.target.models.values()) if models and m not in models]
    if missing:
        console.print(
            f"configured, but not listed: {', '.join(sorted(missing))}; "
            "give the right ids with --model KIND=ID",
            markup=False,
        )
    plan = planned(all_cases(), setup.options)
    console.print(
        f"a run would send about {plan.requests} requests with {', '.join(setup.options.drivers)}; "
        f"this look sent {found.requests} and used {found.tokens} tokens",
        markup=False,
    )
    return 0


def _gate_cases() -> list[Any]:
    """Cases made up for the gates, so that only these are driven."""
    from conformance.capability import all_capabilities
    from conformance.requirement import MAY, Case, Requirement, suite

    return [
        Case(
            Requirement(f"doctor.{name}", MAY, "The gate.", suite("doctor"), needs=name),
            lambda: None,
        )
        for name in (*all_capabilities(), "models")
        if name in all_capabilities()
    ]


def _models(recording: Any) -> list[str]:
    for exchange in recording.exchanges:
        body = exchange.json
        if exchange.route == "GET /models" and isinstance(body, dict):
            data = body.get("data") or body.get("models")
            if isinstance(data, list):
                return [str(m.get("id")) for m in data if isinstance(m, dict)]
    return []


def drivers_command(given: dict[str, Any]) -> int:
    from conformance.drivers import node_place, sdk_open

    if given["install"]:
        print(f"openai {node_place.install()} from npm is in {node_place.place()}")
        return 0
    for name, state in sdk_open.available().items():
        print(f"{name:<18} {state}")
    return 0
