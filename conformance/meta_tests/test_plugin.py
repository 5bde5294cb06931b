"""The suite under pytest and under `conformance run`: sharing, selection, exit statuses."""

from __future__ import annotations

import collections
import re
from pathlib import Path

import pytest

from conformance.meta_tests.command import FEW, Ask, ask, entries, of, results, start
from conformance.reference.config import KEY_MAIN, MODEL_CHAT
from conformance.reference.serve import ServedReference
from conformance.results import Observation, Outcome

__all__ = ["ask"]
HTTP = ("--driver", "http", "--tier", "smoke")
BROKEN = "models.list.unique"
KEYS = ("--api-key", KEY_MAIN, "--model", f"chat={MODEL_CHAT}")


def probes_sent(folder: Path) -> collections.Counter[tuple[str, str]]:
    """How often each probe was sent, by driver."""
    marks = [entry.get("_conformance", {}) for entry in entries(folder)]
    return collections.Counter((m.get("driver"), m.get("probe")) for m in marks)


def test_plain_pytest(tmp_path: Path) -> None:
    said = start(
        *("--pyargs", "conformance.cases", "--requirement", FEW, *HTTP, "--out", "here"),
        *("-p", "no:cacheprovider", "-rN"),
        module="pytest",
        cwd=tmp_path,
    )
    assert said.status == 0, said.out + said.err
    assert "passed" in said.out
    run = results(tmp_path / "here")
    assert {r.requirement for r in run.results if r.outcome is Outcome.PASSED} > {BROKEN}


def test_workers_send_each_probe_once(ask: Ask, tmp_path: Path) -> None:
    alone = ask("run", FEW, *HTTP, "--out", "alone")
    shared = start("run", FEW, *HTTP, "-n", "2", "--out", "shared", cwd=tmp_path)
    assert (alone.status, shared.status) == (0, 0), shared.out + shared.err
    once = probes_sent(tmp_path / "alone")
    assert probes_sent(tmp_path / "shared") == once
    one, two = results(tmp_path / "alone"), results(tmp_path / "shared")
    assert [(r.requirement, r.outcome) for r in one.results] == [
        (r.requirement, r.outcome) for r in two.results
    ]
    assert one.footer is not None
    assert two.footer is not None
    assert one.footer["counts"] == two.footer["counts"]
    assert one.footer["requests"] == two.footer["requests"] == sum(once.values())
    assert one.header["target"] == two.header["target"]
    assert re.match(r"http://127\.0\.0\.1:\d+/v1$", two.header["base_url"])


def test_expression_selects(ask: Ask, tmp_path: Path) -> None:
    said = ask("run", FEW, *HTTP, "-k", "unique", "--out", "here")
    assert said.status == 0
    assert {r.requirement for r in results(tmp_path / "here").results} == {BROKEN}


def test_embedded_provider_is_green(tmp_path: Path) -> None:
    said = start("run", FEW, *HTTP, cwd=tmp_path)
    assert said.status == 0, said.out + said.err
    assert "NO VIOLATION FOUND" in said.out
    left = {path.name for path in (tmp_path / "conformance-report").iterdir()}
    wanted = {"results.jsonl", "exchanges.har", "report.html", "junit.xml", "summary.md"}
    assert left >= wanted | {"badge.json"}


def test_fault_is_red(tmp_path: Path) -> None:
    with ServedReference(faults=[BROKEN]) as served:
        said = start(
            "run", FEW, *HTTP, *KEYS, "--base-url", served.base_url, "--out", "here", cwd=tmp_path
        )
    assert said.status == 1, said.out + said.err
    found = of(results(tmp_path / "here"), BROKEN)
    assert (found.outcome, found.owner) == (Outcome.FAILED, "server")
    assert BROKEN in said.out
    assert KEY_MAIN not in said.out + said.err


def test_unreachable(tmp_path: Path) -> None:
    said = start("run", FEW, *HTTP, "--base-url", "http://127.0.0.1:9/v1", cwd=tmp_path)
    assert said.status == 3, said.out + said.err
    assert "http://127.0.0.1:9/v1 cannot be reached" in said.out + said.err
    assert "Is the server running" in said.out + said.err


USAGE = [
    (("run", "--no-such-option"), "--no-such-option"),
    (("run", "--profile", "nobody"), "'nobody'"),
    (("run", "no.such.requirement"), "'no.such.requirement'"),
    (("run", "--driver", "telnet"), "'telnet'"),
    (("run", "--config", "broken.toml"), "broken.toml"),
    (("run", "--config", "absent.toml"), "absent.toml"),
    (("run", "--config", "unknown.toml"), "base_ulr"),
    (("run", "--base-url", "127.0.0.1:8000/v1"), "http://"),
    (("run", "--base-url", "http://x.test/v1/chat/completions"), "/chat/completions"),
    (("run", "--model", "gpt-4o"), "KIND=ID"),
    (("run", "--max-requests", "many"), "many"),
    (("run", "--max-requests", "0"), "--max-requests"),
    (("run", "--level", "may"), "may"),
    (("run", "--base-url", "http://x.test/v1", "--api-key", "env:NO_SUCH_NAME"), "NO_SUCH_NAME"),
    (("run", "--known-failures", "absent.toml"), "absent.toml"),
    (("run", "--known-failures", "dead.toml"), "no.such.requirement"),
    (("frobnicate",), "frobnicate"),
    (("explain", "models.lisst"), "models.lisst"),
    (("list", "no.such.requirement"), "no.such.requirement"),
    (("judge", "nowhere"), "nowhere"),
    (("judge", "broken.toml"), "broken.toml"),
    (("report", "nowhere"), "nowhere"),
    (("diff", "nowhere", "nowhere"), "nowhere"),
    (("badge", "nowhere"), "nowhere"),
    (("profiles", "check"), "FILE"),
    (("serve", "--fault", "no-such-fault", "--port", "0"), "no-such-fault"),
]


@pytest.mark.parametrize(("argv", "word"), USAGE, ids=[" ".join(argv) for argv, _ in USAGE])
def test_usage_error_is_one_sentence(
    ask: Ask, tmp_path: Path, argv: tuple[str, ...], word: str
) -> None:
    (tmp_path / "broken.toml").write_text("base_url = [\n")
    (tmp_path / "unknown.toml").write_text('base_ulr = "http://x.test/v1"\n')
    (tmp_path / "dead.toml").write_text(
        '[[known_failures]]\nrequirement = "no.such.requirement"\nreason = "none"\n'
    )
    said = ask(*argv)
    assert said.status == 4
    assert word in said.sentence
    assert not (tmp_path / "conformance-report").exists()


def test_usage_status_of_the_process(tmp_path: Path) -> None:
    said = start("run", "--profile", "nobody", cwd=tmp_path)
    assert said.status == 4
    assert "nobody" in said.sentence


def test_nothing_judged(ask: Ask, tmp_path: Path) -> None:
    said = ask("run", "sdk.chat", "--driver", "http", "--out", "here")
    assert said.status == 5, said.out
    assert "applies to the profile" in said.sentence
    said = ask("run", FEW, *HTTP, "-k", "no_such_name", "--out", "there")
    assert said.status == 5, said.out


def test_spent_budget_is_not_green(ask: Ask, tmp_path: Path) -> None:
    said = ask("run", "moderations", "--driver", "http", "--max-requests", "1", "--out", "here")
    run = results(tmp_path / "here")
    assert said.status != 0
    assert run.footer is not None
    assert run.footer["requests"] <= 1
    assert any("budget" in r.message and r.owner == "quota" for r in run.results)


class TestKnownFailures:
    """A list of expected violations, written by a run, read by the next, strict."""

    def test_written_read_and_strict(self, ask: Ask, tmp_path: Path) -> None:
        known = ("--known-failures", "known.toml")
        with ServedReference(faults=[BROKEN]) as served:
            target = (*HTTP, *KEYS, "--base-url", served.base_url)
            first = ask(
                "run", FEW, *target, "--write-known-failures", "known.toml", "--out", "first"
            )
            again = ask("run", FEW, *target, *known, "--out", "again")
        mended = ask("run", FEW, *HTTP, *known, "--out", "mended")
        assert (first.status, again.status, mended.status) == (1, 0, 1), again.out
        assert f'requirement = "{BROKEN}"' in (tmp_path / "known.toml").read_text()
        found = of(results(tmp_path / "again"), BROKEN)
        assert found.outcome is Outcome.KNOWN
        assert found.reason
        now = of(results(tmp_path / "mended"), BROKEN)
        assert (now.outcome, now.observation) == (Outcome.FAILED, Observation.HELD)

    def test_expired_entry_fails(self, ask: Ask, tmp_path: Path) -> None:
        (tmp_path / "known.toml").write_text(
            f'[[known_failures]]\nrequirement = "{BROKEN}"\nreason = "later"\n'
            "expires = 2020-01-01\n"
        )
        with ServedReference(faults=[BROKEN]) as served:
            said = ask(
                "run", FEW, *HTTP, *KEYS, "--base-url", served.base_url,
                "--known-failures", "known.toml", "--out", "here",
            )  # fmt: skip
        assert said.status == 1
        assert of(results(tmp_path / "here"), BROKEN).outcome is Outcome.FAILED
        (note,) = (results(tmp_path / "here").footer or {})["notes"]
        assert note == f"the known failure {BROKEN} expired on 2020-01-01: mend it."
        assert f"note: {note}" in said.err
        assert note in (tmp_path / "here" / "report.html").read_text()
