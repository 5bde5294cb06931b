"""Where the structures of a target are kept: syrupy's snapshots, in a folder of the user's."""

from __future__ import annotations

from pathlib import Path

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from conformance.drift.compare import drift, parse

FILE = "test_shapes"
"""syrupy names a file by its test."""


def kept_in(folder: Path, target: str, accepts: bool) -> type[SingleFileSnapshotExtension]:
    """The extension that keeps one file a target. ``accepts``: also what is only added is written.

    Otherwise an answer that only gained something is as good as the one that was kept.
    """

    class Shapes(SingleFileSnapshotExtension):
        _write_mode = WriteMode.TEXT
        file_extension = "json"

        @classmethod
        def dirname(cls, **_: object) -> str:
            return str(folder / target)

        @classmethod
        def matches_test_location(cls, *, snapshot_location: str, **_: object) -> bool:
            # the folder may hold other targets too: none of their files is unused
            return Path(snapshot_location).parent.name == target

        def matches(self, *, serialized_data: object, snapshot_data: object) -> bool:
            if serialized_data == snapshot_data:
                return True
            if accepts:
                return False
            old, new = parse(str(snapshot_data)), parse(str(serialized_data))
            return not any(each.breaking for each in drift(old, new))

    return Shapes
