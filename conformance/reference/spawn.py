"""The embedded provider in a process of its own, so that it shares no interpreter with its client.

The process says its port on standard output and leaves when its standard input closes, so that it
never outlives the one that started it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from conformance.errors import SuiteError

_WAIT = 60.0
_ABOVE = Path(__file__).parent.parent.parent
_CODE = """
import sys
sys.path.append(sys.argv[2])
from conformance.reference.spawn import main
main(sys.argv[1])
"""


class SpawnedReference:
    """A provider on a free port: :meth:`start` may come long before the `with` block needs it."""

    def __init__(self, profile: str = "") -> None:
        self._profile = profile
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""

    def start(self) -> None:
        """Start the process without waiting for it. A second call changes nothing."""
        if self._process is not None:
            return
        self._said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - till the end
        self._process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-P", "-c", _CODE, self._profile, str(_ABOVE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            # an interrupt is for the run, which ends the provider itself
            start_new_session=True,
        )

    def __enter__(self) -> SpawnedReference:
        self.start()
        process = self._process
        assert process is not None
        assert process.stdout is not None
        late = threading.Timer(_WAIT, process.kill)
        late.start()
        try:
            port = process.stdout.readline().strip()
        finally:
            late.cancel()
        if not port:
            raise SuiteError(f"the embedded provider did not start: {self._last_words()}")
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    def _last_words(self) -> str:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        self.close()
        return lines[-1][:300] if lines else "it said nothing"

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        self._said.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def main(profile: str) -> None:
    """Serve until standard input closes."""
    from conformance.reference.config import ReferenceConfig
    from conformance.reference.serve import ServedReference

    with ServedReference(ReferenceConfig(profile=profile)) as served:
        print(served.port, flush=True)
        sys.stdin.read()
