"""The embedded provider: a faithful, deterministic imitation of OpenAI's API, with planted faults.

`create_app` is what a test needs; `ServedReference` (module `serve`) puts it on a socket.
"""

from __future__ import annotations
