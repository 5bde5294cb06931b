"""The table of OpenAI's routes is that of the installed SDK, and says what was seen of each."""

from __future__ import annotations

from pathlib import Path

import openai

from conformance.exchange import Chunk, Exchange, Request, Response
from conformance.reporting import html
from conformance.reporting.report import build
from conformance.results import Run
from conformance.surface import State, route_of, routes, routes_of_sdk, state_of, surface


def exchange(method: str, endpoint: str, status: int, body: bytes) -> Exchange:
    headers = (("content-type", "application/json"),)
    response = Response(status, "", "HTTP/1.1", headers, (Chunk(0.1, body),), 0.1, 0.1)
    request = Request(method, "https://example.com/v1" + endpoint, (), b"")
    return Exchange("x1", request, response, endpoint=endpoint, probe="files_list")


def test_the_table_is_that_of_the_sdk() -> None:
    found = set(routes_of_sdk(Path(openai.__file__).parent))
    missing = sorted(found - set(routes()))
    assert missing == [], "print the table anew: python -m conformance.surface"


def test_a_fixed_part_wins_over_a_parameter() -> None:
    assert route_of("POST", "/threads/runs") == ("POST", "/threads/runs")
    assert route_of("POST", "/threads/thread_1") == ("POST", "/threads/{thread_id}")
    assert route_of("GET", "/no/such/route/at/all") is None


def test_states() -> None:
    served = exchange("GET", "/files", 200, b"{}")
    refused = exchange("GET", "/files", 404, b'{"error": {}}')
    broken = exchange("GET", "/files", 502, b"<html>")
    assert state_of([]) is State.UNSEEN
    assert state_of([refused]) is State.REFUSED
    assert state_of([refused, broken]) is State.BROKEN
    assert state_of([refused, served, broken]) is State.SERVED
    assert state_of([exchange("GET", "/files", 404, b"Not Found")]) is State.BROKEN


def test_the_surface_names_its_judges() -> None:
    table = {(row.method, row.path): row for row in surface([exchange("GET", "/files", 200, b"")])}
    assert "files.list.accepted" in table["GET", "/files"].requirements
    assert table["GET", "/files"].state is State.SERVED
    assert table["POST", "/files"].state is State.UNSEEN
    assert table["GET", "/files"].group == "files"


def test_the_page_shows_the_surface() -> None:
    row = surface([exchange("GET", "/files", 200, b"{}")])
    lines = tuple(r.line() for r in row)
    assert sum(line["requirements"].get("files.list", 0) for line in lines) > 0
    run = Run({"target": "t"}, (), extra=lines, footer={"exit": 0})
    page = html.render(build(run, ()))
    assert "GET /files" in page
    assert "1 were served" in page
    assert f"{len(lines) - 1} not looked at" in page
