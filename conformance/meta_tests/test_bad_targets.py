"""Targets that answer nonsense, now and then, or nothing: an honest report, never green."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance.meta_tests.command import FEW, Answer, Ask, answering, ask, results
from conformance.reference.config import KEY_MAIN, MODEL_CHAT
from conformance.reference.serve import ServedReference
from conformance.results import Outcome

__all__ = ["ask"]
JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html"}
PAGE = b"<!doctype html><title>Sorry</title><h1>\x1b[31mnot here</h1>"
ERROR = b'{"error": {"message": "no", "type": "server_error", "param": null, "code": null}}'


def target(url: str, *more: str) -> tuple[str, ...]:
    key = ("--api-key", KEY_MAIN, "--model", f"chat={MODEL_CHAT}")
    few = ("--driver", "http", "--tier", "smoke", "--out", "here", "--timeout", "5")
    return (
        "run",
        FEW,
        "responses.one-document",
        "headers.request-id",
        "--base-url",
        url,
        *key,
        *few,
        *more,
    )


def always(status: int, headers: dict[str, str], body: bytes) -> Answer:
    return lambda number, path: (status, headers, body)


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        (always(404, JSON, ERROR), (1, 5)),
        (always(404, HTML, PAGE), (1, 5)),
        (always(500, JSON, ERROR), (1, 3)),
        (always(200, HTML, PAGE), (1,)),
        (always(200, JSON, b"{}"), (1,)),
        (always(200, JSON, b"null"), (1,)),
        (always(200, JSON, b""), (1,)),
        (always(200, {**JSON, "content-encoding": "gzip"}, b"no gzip"), (1, 3)),
        (always(401, JSON, ERROR), (3,)),
        (lambda number, path: None, (3,)),
    ],
    ids=["404", "404 html", "500", "html", "object", "null", "empty", "gzip", "401", "close"],
)
def test_never_green(ask: Ask, tmp_path: Path, answer: Answer, statuses: tuple[int, ...]) -> None:
    with answering(answer) as url:
        said = ask(*target(url))
    assert said.status in statuses, said.out
    run = results(tmp_path / "here")
    assert run.footer is not None
    assert run.footer["exit"] == said.status
    assert (tmp_path / "here" / "report.html").exists()
    assert "\x1b[31m" not in said.out
    assert not any(r.outcome is Outcome.PASSED for r in run.results) or said.status == 1
    for result in run.results:
        if result.outcome is not Outcome.PASSED:
            assert result.owner, result
            if result.outcome is Outcome.FAILED:
                assert result.owner == "server", result


def test_one_that_never_answers(ask: Ask, tmp_path: Path) -> None:
    ended = threading.Event()

    def wait(number: int, path: str) -> None:
        ended.wait(20)

    with answering(wait) as url:
        said = ask(*target(url, "--timeout", "0.5"))
        ended.set()
    assert said.status == 3
    assert "answers nothing" in said.out + said.err


class Between:
    """Stands before the embedded provider and answers some requests itself."""

    def __init__(self, app: Any, every: int, status: int, headers: dict[str, str]) -> None:
        self.app, self.every, self.status, self.headers = app, every, status, headers
        self.count = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.count += 1
            if self.count % self.every == 0:
                pairs = [(k.encode(), v.encode()) for k, v in {**JSON, **self.headers}.items()]
                start = {"type": "http.response.start", "status": self.status, "headers": pairs}
                await send(start)
                await send({"type": "http.response.body", "body": ERROR})
                return
        await self.app(scope, receive, send)


@contextmanager
def now_and_then(every: int, status: int, headers: dict[str, str]) -> Iterator[str]:
    served = ServedReference()
    served.wrap(lambda app: Between(app, every, status, headers))
    with served:
        yield served.base_url


def test_one_that_fails_now_and_then(ask: Ask, tmp_path: Path) -> None:
    with now_and_then(4, 500, {}) as url:
        said = ask(*target(url))
    run = results(tmp_path / "here")
    assert said.status in (0, 1)
    assert run.footer is not None
    assert run.footer["counts"]["passed"] > 3
    assert "error" not in run.footer["counts"]
    assert all(r.owner == "server" for r in run.results if r.outcome is Outcome.FAILED)


def test_quota_is_waited_for(ask: Ask, tmp_path: Path) -> None:
    with now_and_then(5, 429, {"retry-after": "1", "x-request-id": "req_1"}) as url:
        said = ask(*target(url))
    run = results(tmp_path / "here")
    assert said.status == 0, said.out
    assert run.footer is not None
    assert not {"failed", "error"} & set(run.footer["counts"])
