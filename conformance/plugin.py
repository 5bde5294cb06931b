"""The pytest side: cases become items, drivers their parameters, exchanges are shared.

All traffic is driven before the first item runs; an item only judges. Under xdist the first worker
drives and the others read what it recorded, so each probe is still sent once.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.arguments import OPTIONS
from conformance.errors import ConformanceError
from conformance.judge import Bench
from conformance.output import PARTIAL
from conformance.reporting.text import plain
from conformance.requirement import Case, cases_of
from conformance.results import Outcome, Result
from conformance.resume import resumed
from conformance.run import judge_one, worth_saying
from conformance.setup import Setup, setup_of
from conformance.verdict import BROKEN

CASES = Path(__file__).parent / "cases"
DRIFT = Path(__file__).parent / "drift" / "test_drift.py"
RESULT = pytest.StashKey[Result]()
RUN = pytest.StashKey["SuiteRun"]()
STATUS = {
    Outcome.PASSED: (".", "green"),
    Outcome.FAILED: ("F", "red"),
    Outcome.WARNED: ("w", "yellow"),
    Outcome.NOTED: ("n", "blue"),
    Outcome.KNOWN: ("k", "yellow"),
    Outcome.UNSUPPORTED: ("u", "cyan"),
    Outcome.INCONCLUSIVE: ("i", "yellow"),
    Outcome.ERROR: ("E", "red"),
    Outcome.SKIPPED: ("s", "cyan"),
}


class CaseFailure(Exception):
    """A violated requirement, or a case that could not be decided."""

    def __init__(self, result: Result) -> None:
        super().__init__(f"{result.outcome}: {result.requirement}")
        self.result = result


class SuiteRun:
    """What the pytest session shares: settings, the drive, the results."""

    def __init__(self, setup: Setup, words: tuple[str, ...]) -> None:
        self.setup = setup
        self.options = setup.options
        self.words = words
        self.results: list[Result] = []
        self.drive: Any = None
        self.bench: Bench | None = None
        self.spool: Path | None = None
        self.status: int | None = None
        self.run: Any = None
        self.broken = ""
        self.drift: list[str] = []
        self.drifted = False

    def wants(self, case: Case) -> bool:
        from conformance.catalogue import matches

        if not self.setup.settings.profile.applies(case.requirement.needs):
            return False
        if not self.options.shard.takes(case.id):
            return False
        return not self.words or any(matches(case.id, word) for word in self.words)

    def judge(self, case: Case, driver: str) -> Result:
        assert self.bench is not None
        return judge_one(case, driver, self.bench, self.options, redactor=self.setup.redactor)

    def prepare(self, cases: list[Case], spool: Path | None) -> None:
        """Drive the probes of the cases; with a spool folder only one process does.

        The lock goes with its process: when the one that drives is killed, another goes on.
        """
        if spool is None:
            self.take(self.setup.drive(cases))
            return
        done = spool / "drive.pickle"
        with (spool / "lock").open("w") as file:
            while not done.exists() and not alone(file):
                time.sleep(0.02)
            if not done.exists():
                self._drive_for_all(cases, spool, done)
                return
        self.take(read_spool(spool))

    def _drive_for_all(self, cases: list[Case], spool: Path, done: Path) -> None:
        if (spool / "failed").exists():
            raise pytest.UsageError("the worker that drives the target failed")
        out = self.setup.settings.out
        if (spool / "begun").exists() and out is not None and (out / PARTIAL).exists():
            self.setup.earlier = resumed(out)
        (spool / "begun").touch()
        try:
            drive = self.setup.drive(cases)
        except BaseException:
            (spool / "failed").touch()
            raise
        part = spool / "drive.part"
        part.write_bytes(pickle.dumps(drive))
        part.rename(done)
        self.take(drive)

    def take(self, drive: Any) -> None:
        self.drive = drive
        self.bench = Bench(drive.recording.by_probe(), self.options.claims, drive.abilities)


def alone(file: Any) -> bool:
    """Whether this process holds the lock, which ends with it."""
    try:
        import fcntl
    except ImportError:  # elsewhere the first process is told by a file that stays
        try:
            os.close(os.open(file.name + ".taken", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_spool(spool: Path) -> Any:
    return pickle.loads((spool / "drive.pickle").read_bytes())  # noqa: S301 - written by this run


class CaseModule(pytest.Module):
    """A module of cases."""

    def collect(self) -> Iterator[Any]:
        run = self.config.stash[RUN]
        for case in cases_of(importlib.import_module(f"conformance.cases.{self.path.stem}")):
            if not run.wants(case):
                continue
            for driver in run.options.drivers:
                if driver in case.drivers:
                    name = f"{case.id}[{driver}]"
                    yield CaseItem.from_parent(self, name=name, case=case, driver=driver)


class CaseItem(pytest.Item):
    """One requirement with one driver."""

    def __init__(self, *, case: Case, driver: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.driver = driver
        self.add_marker(str(case.requirement.level).lower())
        self.add_marker(driver.replace("-", "_"))

    def runtest(self) -> None:
        result = self.config.stash[RUN].judge(self.case, self.driver)
        self.stash[RESULT] = result
        match result.outcome:
            case Outcome.FAILED | Outcome.ERROR:
                raise CaseFailure(result)
            case Outcome.PASSED | Outcome.WARNED | Outcome.NOTED | Outcome.KNOWN:
                return
            case _:
                pytest.skip(result.message or str(result.outcome))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CaseFailure):
            from conformance.reporting.failure import block

            return block(excinfo.value.result)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        code = getattr(self.case.function, "__code__", None)
        return self.path, (code.co_firstlineno - 1 if code else 0), self.name


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "openai-conformance")
    for flag, settings in OPTIONS:
        group.addoption(flag, **settings)
    group.addoption("--requirement", action="append", metavar="ID", help="an id or its beginning")
    group.addoption("--shapes", metavar="DIR", help="look there how answers were built before")


def pytest_configure(config: pytest.Config) -> None:
    for marker in ("must", "should", "may", "http", "python_sdk", "python_sdk_async", "node_sdk"):
        config.addinivalue_line("markers", f"{marker}: level or driver of a case")
    names = [flag.lstrip("-").replace("-", "_") for flag, _ in OPTIONS]
    given = {name: config.getoption(name, None) for name in names}
    try:
        run = SuiteRun(setup_of(given), tuple(config.getoption("requirement", None) or ()))
    except ConformanceError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[RUN] = run
    if config.getoption("shapes", None):
        config.args.append(str(DRIFT))
    config.pluginmanager.register(_Collector(run), "conformance-results")


class _Collector:
    """Gathers results where they all arrive: the only process, or xdist's controller."""

    def __init__(self, run: SuiteRun) -> None:
        self.run = run

    def pytest_runtest_logreport(self, report: Any) -> None:
        line = getattr(report, "conformance", None)
        self.run.drift += [told for name, told in report.user_properties if name == "drift"]
        if line is not None and report.when == "call":
            result = Result.parse(line)
            if worth_saying(result):
                self.run.results.append(result)
        elif line is None and report.failed:
            self.run.drifted = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.run.broken:
            self.run.broken = report.longreprtext

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        config, run = session.config, self.run
        if hasattr(config, "workerinput") or config.option.collectonly:
            return
        if run.spool is not None:
            if (run.spool / "drive.pickle").exists():
                run.drive = read_spool(run.spool)
            shutil.rmtree(run.spool, ignore_errors=True)
        if run.broken or exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            run.status = session.exitstatus = BROKEN
            return
        if run.drive is None:
            return
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            run.drive.interrupted = True
        try:
            run.run = run.setup.finish(run.drive, run.results)
        except ConformanceError as error:
            raise pytest.UsageError(str(error)) from error
        run.status = int(run.run.footer["exit"])
        session.exitstatus = run.status or int(run.drifted)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.run.drift:
            terminalreporter.section("how the answers drifted")
            for line in self.run.drift:
                terminalreporter.line(plain(line))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """The embedded provider starts while the cases are read; of xdist's processes one drives."""
    config = session.config
    together = hasattr(config, "workerinput") or getattr(config.option, "dist", "no") != "no"
    if not config.option.collectonly and not together:
        config.stash[RUN].setup.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is not None:
        run.setup.close()


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> pytest.Module | None:
    if module_path.parent == CASES and module_path.name.startswith("test_"):
        module: pytest.Module = CaseModule.from_parent(parent, path=module_path)
        return module
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of xdist where they share what is recorded."""
    run = node.config.stash[RUN]
    if run.spool is None:
        run.spool = Path(tempfile.mkdtemp(prefix="conformance-"))
    node.workerinput["conformance_spool"] = str(run.spool)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    config = session.config
    worker = getattr(config, "workerinput", None)
    if config.option.collectonly or (getattr(config.option, "dist", "no") != "no" and not worker):
        return
    cases = {item.case.id: item.case for item in session.items if isinstance(item, CaseItem)}
    if cases:
        spool = worker["conformance_spool"] if worker else None
        try:
            config.stash[RUN].prepare(list(cases.values()), Path(spool) if spool else None)
        except ConformanceError as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Only the call: a case has no fixtures, and there are thousands of them."""
    if not isinstance(item, CaseItem) or item.config.option.usepdb:
        return None
    hook, where = item.ihook, {"nodeid": item.nodeid, "location": item.location}
    hook.pytest_runtest_logstart(**where)
    stop = (pytest.exit.Exception, KeyboardInterrupt)
    call = pytest.CallInfo.from_call(item.runtest, when="call", reraise=stop)
    report = hook.pytest_runtest_makereport(item=item, call=call)
    hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(**where)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if report.when == "call" and RESULT in item.stash:
        line = item.stash[RESULT].line()
        if line["actual"] is not None or hasattr(item.config, "workerinput"):
            # plain JSON types only, above all where the report goes to another process
            line = json.loads(json.dumps(line, default=repr))
        report.conformance = line
    return report


def pytest_report_teststatus(report: Any) -> tuple[str, str, Any] | None:
    line = getattr(report, "conformance", None)
    if line is None or report.when != "call":
        return None
    short, colour = STATUS[Outcome(line["outcome"])]
    return line["outcome"], short, (line["outcome"].upper(), {colour: True})
