"""The only task runner: `nox -l` lists the sessions."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "typing", "tests", "catalogue"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False
ROOT = Path(__file__).parent


def suite(session: nox.Session, extra: str = "[dev]") -> None:
    session.install("-q", f".{extra}" if extra == "" else f"-e.{extra}")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff over everything."""
    session.install("-q", "ruff>=0.8")
    session.run("ruff", "check", "conformance", "noxfile.py")
    session.run("ruff", "format", "--check", "conformance", "noxfile.py")


@nox.session
def typing(session: nox.Session) -> None:
    """mypy, strict."""
    suite(session)
    session.run("mypy", "conformance")


@nox.session
def tests(session: nox.Session) -> None:
    """The tests of the suite itself, with a share of the faults."""
    suite(session)
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """That the tests run every line of what decides: engine, judge, wire, verdict, reporting."""
    suite(session)
    session.run("python", "-m", "conformance.meta_tests", "coverage")


@nox.session
def faults(session: nox.Session) -> None:
    """Every fault against every requirement; what it shows goes to snapshots/figures."""
    suite(session)
    workers = str(os.cpu_count() or 2)
    words = session.posargs or ["--workers", workers, "--record", "snapshots/figures/proof.json"]
    session.run("python", "-m", "conformance.reference.prove", *words)
    if not session.posargs:  # and with which client libraries each is seen
        session.run(
            "python", "-m", "conformance.reference.seen", "--record", "snapshots/figures/seen.json"
        )


@nox.session
def profiles(session: nox.Session) -> None:
    """Every claim of every profile: upheld without a target, and turned by exactly one defect."""
    suite(session)
    place = "conformance/meta_tests/test_claim_faults.py"
    session.run("pytest", place, *session.posargs, env={"CONFORMANCE_MATRIX": "all"})


@nox.session
def matrix(session: nox.Session) -> None:
    """Real servers, each installed and started on loopback, judged, and published in reports/."""
    suite(session)
    words = session.posargs or ["matrix", "--out", "reports"]
    session.run("python", "-m", "conformance.servers", *words)


@nox.session
def reference(session: nox.Session) -> None:
    """The main job: the suite against the embedded provider."""
    suite(session)
    session.run("conformance", "run", *session.posargs)


@nox.session
def live(session: nox.Session) -> None:
    """The suite against a live endpoint: any option of `conformance run`, or the environment."""
    suite(session)
    session.run("conformance", "run", *session.posargs, success_codes=[0])


@nox.session
def catalogue(session: nox.Session) -> None:
    """Write snapshots/catalogue.json anew; with `-- --check` only look whether it is fresh."""
    suite(session)
    session.run("python", "-m", "conformance.catalogue", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist, look into them, and run the main job from the wheel alone."""
    session.install("-q", "build>=1.2", "hatchling>=1.26")
    out = Path(session.create_tmp()) / "dist"
    session.run("python", "-m", "build", "--outdir", str(out), str(ROOT))
    wheel, sdist = sorted(out.glob("*.whl"))[-1], sorted(out.glob("*.tar.gz"))[-1]
    session.run(
        "python", "-m", "conformance.packaging", str(wheel), str(sdist), env={"PYTHONPATH": "."}
    )
    bare = Path(session.create_tmp()) / "bare"
    session.run(sys.executable, "-m", "venv", "--clear", str(bare), external=True)
    session.run(str(bare / "bin" / "pip"), "install", "-q", str(wheel), external=True)
    with session.chdir(session.create_tmp()):
        session.run(str(bare / "bin" / "conformance"), "run", "--out", "report", external=True)


@nox.session
def sdks(session: nox.Session) -> None:
    """Oldest and newest release of each major of openai-python: requirement by release."""
    suite(session)
    session.run("conformance", "sdks", "--install", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """LangChain, instructor and Vercel's AI SDK through `conformance tap`."""
    suite(session)
    home = Path(session.create_tmp())
    packages = home / "python"
    session.run(sys.executable, "-m", "venv", str(packages), external=True)
    python = str(packages / "bin" / "python")
    session.run(
        python, "-m", "pip", "install", "-q", "langchain-openai", "instructor", external=True
    )
    npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(home)]
    session.run(*npm, "ai", "@ai-sdk/openai", "zod", external=True)
    env = {"CONFORMANCE_CLIENTS_PYTHON": python, "CONFORMANCE_CLIENTS_NODE": str(home)}
    session.run("pytest", "conformance/meta_tests/test_clients.py", "-v", env=env)


@nox.session
def bench(session: nox.Session) -> None:
    """Speed and cost, as ratios measured in this run."""
    suite(session)
    session.run("python", "-m", "conformance.bench", *session.posargs)
