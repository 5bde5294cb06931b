"""``conformance serve`` and ``conformance faults``: the embedded provider alone."""

from __future__ import annotations

from typing import Any

from conformance.errors import UsageError


def serve_command(given: dict[str, Any]) -> int:
    from conformance.reference.config import ReferenceConfig
    from conformance.reference.serve import run_forever

    try:
        run_forever(
            ReferenceConfig(profile=given["profile"]),
            port=given["port"],
            host=given["host"],
            faults=given["fault"],
            variations=given["variation"],
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        place = f"{given['host']}:{given['port']}"
        why = error.strerror or error
        raise UsageError(f"cannot listen on {place} ({why}); give another --port") from error
    return 0


def faults_command(given: dict[str, Any]) -> int:
    from conformance.credentials import data
    from conformance.reference.fault import all_faults
    from conformance.reference.seen import FILE, clients, read

    kept = read(data(FILE))["faults"]
    for fault in all_faults().values():
        print(f"{fault.id}\n    {fault.text}\n    breaks {', '.join(fault.breaks)}")
        drivers = clients(fault.id, kept)
        if drivers is not None:
            print(f"    seen with {', '.join(drivers) or 'no driver'}")
    return 0
