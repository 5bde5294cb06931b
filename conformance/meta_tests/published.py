"""``python -m conformance.meta_tests.published``: fetch the published schemas of formats that we
write: CTRF's own, and HAR 1.2's, from npm. Tests that need them are skipped without.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validators
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT6

PACKAGES = ("ctrf@0.3.0", "har-schema@2.0.0")


def folder() -> Path:
    """Where they are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "openai-conformance" / "formats"


def read(name: str) -> Any:
    """A file of one of the packages; the test is skipped when it is not there."""
    path = folder() / "node_modules" / name
    if not path.exists():
        pytest.skip("no schemas: run python -m conformance.meta_tests.published")
    return json.loads(path.read_text("utf-8"))


def ctrf() -> Validator:
    """The validator of CTRF documents."""
    schema = read("ctrf/dist/ctrf-schema-0.0.json")
    return validators.validator_for(schema)(schema)


def har() -> Validator:
    """The validator of HAR 1.2 documents."""
    root = read("har-schema/lib/har.json")
    parts = sorted((folder() / "node_modules" / "har-schema" / "lib").glob("*.json"))
    resources = [
        (path.name, Resource.from_contents(_plain(json.loads(path.read_text("utf-8"))), DRAFT6))
        for path in parts
    ]
    registry: Registry[Any] = Registry().with_resources(resources)
    schema = _plain(root)
    return validators.validator_for(root)(schema, registry=registry)


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the relative ``$id``, which would make every reference relative to nothing."""
    found: dict[str, Any] = json.loads(json.dumps(schema).replace('.json#"', '.json"'))
    found.pop("$id", None)
    return found


def main() -> int:
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed", file=sys.stderr)
        return 1
    folder().mkdir(parents=True, exist_ok=True)
    words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    return subprocess.run([npm, *words, *PACKAGES], cwd=folder(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
