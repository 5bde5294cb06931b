"""Where other releases of openai-python live, each in an environment of its own.

Nothing is fetched in a run: ``conformance sdks --install`` is the only way.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from conformance.errors import SuiteError, UsageError

RELEASES = ("1.0.0", "1.x", "2.0.0", "2.x", "3.0.0", "3.x")
"""The oldest and the newest release of each major version."""

_LONGEST = 600.0


def place() -> Path:
    """The folder of the environments: CONFORMANCE_SDKS_DIR, or one below the cache."""
    given = os.environ.get("CONFORMANCE_SDKS_DIR")
    if given:
        return Path(given).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "openai-conformance" / "python"


def python(release: str) -> Path:
    """The interpreter that has a release."""
    inside = Path("Scripts", "python.exe") if os.name == "nt" else Path("bin", "python")
    return place() / release / inside


def wanted(release: str) -> list[str]:
    """What pip is asked for. Raises UsageError when it is no release."""
    if re.fullmatch(r"[1-9]\d*\.x", release):
        major = int(release[:-2])
        return [f"openai>={major},<{major + 1}"]
    found = re.fullmatch(r"([1-9]\d*)\.(\d+)\.\d+", release)
    if found is None:
        raise UsageError(f"a release is 1.40.0, or 1.x for the newest of a major, not {release!r}")
    # releases before 1.56 give httpx an argument that 0.28 took away
    old = (int(found[1]), int(found[2])) < (1, 56)
    return [f"openai=={release}", *(["httpx<0.28"] if old else [])]


def install(release: str) -> None:
    """Make the environment of a release, unless it is there. Raises SuiteError with the reason."""
    words = wanted(release)
    interpreter, folder = python(release), place() / release
    if (folder / "ready").exists():
        return
    pip = [str(interpreter), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for step in ([sys.executable, "-m", "venv", str(folder)], [*pip, *words]):
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=_LONGEST)  # noqa: S603
        except (subprocess.TimeoutExpired, OSError) as error:
            raise SuiteError(f"openai {release} could not be installed: {error}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise SuiteError(f"openai {release} could not be installed: {said[-1][:300]}")
    (folder / "ready").touch()
