"""Where the npm package of the driver ``node-sdk`` lives, and how it comes there.

Nothing is fetched in a run: ``conformance drivers --install node-sdk`` is the only way.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from conformance.errors import SuiteError

HERE = Path(__file__).parent / "node"
INSTALL = "conformance drivers --install node-sdk"
_LONGEST = 300.0


def place() -> Path:
    """The folder that holds ``node_modules``: CONFORMANCE_NODE_DIR, or one below the cache."""
    given = os.environ.get("CONFORMANCE_NODE_DIR")
    if given:
        return Path(given).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "openai-conformance" / "node"


def version(folder: Path | None = None) -> str | None:
    """The version of the package that is installed there; None when none is."""
    file = (folder or place()) / "node_modules" / "openai" / "package.json"
    try:
        found = json.loads(file.read_text("utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(found)


def missing() -> str:
    """Why the driver cannot be used here, and what to do; empty when it can."""
    if shutil.which("node") is None:
        return f"missing: install Node.js 20 or newer, then run `{INSTALL}`"
    if version() is None:
        return f"missing: run `{INSTALL}`"
    return ""


def install() -> str:
    """Fetch the package with npm; the installed version. Raises SuiteError with the reason."""
    npm = shutil.which("npm")
    if npm is None:
        raise SuiteError("npm is not installed: install Node.js 20 or newer first")
    folder = place()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "package.json", folder / "package.json")
    words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(  # noqa: S603 - npm with fixed words
            words, cwd=folder, capture_output=True, text=True, timeout=_LONGEST
        )
    except subprocess.TimeoutExpired as error:
        raise SuiteError(f"npm did not finish in {_LONGEST:g} s; try again") from error
    found = version(folder)
    if done.returncode or found is None:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise SuiteError(f"npm could not install openai into {folder}: {said[-1][:300]}")
    return found
