"""``conformance serve``: it says where it serves and with which key, and why it cannot."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys

import httpx

COMMAND = [sys.executable, "-m", "conformance", "serve", "--port"]


def test_it_says_where_and_with_which_key() -> None:
    env = {**os.environ, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(
        [*COMMAND, "0", "--profile", "alveare"], stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        try:
            assert process.stdout is not None
            place, key = process.stdout.readline(), process.stdout.readline()
            found = re.fullmatch(r"serving (http://127\.0\.0\.1:\d+/v1)\n", place)
            said = re.fullmatch(r"key (\S+), profile alveare; Ctrl-C ends it\n", key)
            assert found
            assert said
            headers = {"authorization": f"Bearer {said[1]}"}
            assert httpx.get(f"{found[1]}/models", headers=headers).status_code == 200
        finally:
            process.send_signal(signal.SIGINT)


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = subprocess.run([*COMMAND, port], capture_output=True, text=True, check=False)
    assert said.returncode == 4
    assert said.stderr.startswith(f"conformance: cannot listen on 127.0.0.1:{port} (")
    assert "another --port" in said.stderr
