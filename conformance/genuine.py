"""``python -m conformance.genuine FOLDER``: judge traffic that OpenAI itself answered.

Nothing may be found violated in it. The folder holds HAR files; only the figures are kept, in
``snapshots/figures/genuine.json``, with their day, and the published site shows them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.catalogue import all_cases, catalogue_hash
from conformance.engine import findings
from conformance.har import read_har
from conformance.profile import load_profile
from conformance.recording import Recording
from conformance.results import Observation, Result
from conformance.run import Drive, Options, judge_all

PLACE = Path(__file__).parent.parent / "snapshots" / "figures" / "genuine.json"


def judged(path: Path) -> tuple[int, list[Result]]:
    """How many exchanges a file holds, and what every requirement says of them."""
    exchanges = read_har(path)
    recording = Recording(exchanges)
    drive = Drive(recording, findings(recording), requests=len(exchanges))
    profile = load_profile("openai")
    cases = [case for case in all_cases() if profile.applies(case.requirement.needs)]
    return len(exchanges), judge_all(cases, drive, Options(profile=profile.name))


def figures(folder: Path, source: str) -> dict[str, Any]:
    """All files of a folder in numbers; what was violated stands by its name."""
    exchanges = verdicts = 0
    held: set[str] = set()
    violated: dict[str, dict[str, list[str]]] = {}
    for path in sorted(folder.glob("*.har")):
        count, results = judged(path)
        exchanges += count
        for result in results:
            if result.observation is Observation.HELD:
                held.add(result.requirement)
                verdicts += 1
            elif result.observation is Observation.VIOLATED:
                verdicts += 1
                places = violated.setdefault(result.level, {}).setdefault(result.requirement, [])
                places.append(path.name)
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "catalogue": catalogue_hash(),
        "source": source,
        "exchanges": exchanges,
        "verdicts": verdicts,
        "requirements_held": len(held),
        "violated": {level: dict(sorted(found.items())) for level, found in violated.items()},
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 1 when a MUST is found violated."""
    parser = argparse.ArgumentParser(prog="python -m conformance.genuine", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--source", default="traffic that api.openai.com answered")
    parser.add_argument("--out", type=Path, default=PLACE)
    given = parser.parse_args(argv)
    made = figures(given.folder, given.source)
    given.out.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(json.dumps(made, indent=1))
    return 1 if made["violated"].get("MUST") else 0


if __name__ == "__main__":
    sys.exit(main())
