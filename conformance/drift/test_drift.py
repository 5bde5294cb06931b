"""Collected by plain pytest with ``--shapes DIR``: the answers are built as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from conformance.drift.compare import drift, dump, parse, widened
from conformance.drift.snapshot import FILE, kept_in
from conformance.drift.structure import structures
from conformance.plugin import RUN
from conformance.reporting.matrix import slug


def test_shapes(request: pytest.FixtureRequest, snapshot: SnapshotAssertion) -> None:
    """A breaking drift fails; ``--snapshot-update`` accepts what is there now."""
    run = request.config.stash[RUN]
    if run.drive is None:
        pytest.skip("nothing was sent")
    folder = Path(request.config.getoption("shapes"))
    accepts = bool(request.config.option.update_snapshots)
    target = run.setup.target
    name = slug(target.name or target.base_url.partition("://")[2])
    file = folder / name / f"{FILE}.json"
    old = parse(file.read_text("utf-8")) if file.exists() else {}
    new = structures(run.drive.recording.exchanges)
    found = drift(old, new)
    request.node.user_properties += [("drift", str(each)) for each in found]
    # what is only added is told, not kept, until it is accepted
    wanted = dump(widened(old, new) if accepts else new)
    same = wanted == snapshot(extension_class=kept_in(folder, name, accepts))
    if not old and not same:
        pytest.fail(f"{file} is not there: keep the answers by --snapshot-update", pytrace=False)
    if not same:
        lines = "\n".join(str(each) for each in found if each.breaking)
        pytest.fail(f"--snapshot-update accepts this drift:\n{lines}", pytrace=False)
