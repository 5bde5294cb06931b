"""``conformance profiles``: the providers that are known; ``check FILE`` reads one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.profile import check_profile, load_profile, profile_names


def profiles_command(given: dict[str, Any]) -> int:
    if given["action"] == "check":
        if not given["file"]:
            raise UsageError("`conformance profiles check` wants the FILE to check")
        problems = check_profile(Path(given["file"]))
        for problem in problems:
            print(problem)
        print(f"{given['file']}: {len(problems) or 'no'} problems")
        return 4 if problems else 0
    for name in profile_names():
        profile = load_profile(name)
        print(f"{name:<18} {profile.title}: {len(profile.claims)} claims")
    return 0
