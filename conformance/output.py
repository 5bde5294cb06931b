"""The files that a run leaves, and the spool that survives when it is killed.

Everything passes the redactor on its way out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from conformance import __version__
from conformance.errors import UsageError
from conformance.exchange import Chunk, Exchange, Headers
from conformance.har import Finished, entry_of, exchange_of, har_lines
from conformance.results import Run, dump
from conformance.secrets import Redactor

PARTIAL = "exchanges.part.jsonl"
LOCK = ".lock"


def redacted(x: Exchange, redactor: Redactor) -> Exchange:
    """The exchange with the value of every key replaced, wherever it occurs.

    Replacements keep the length, so chunk boundaries and byte counts stay true.
    """
    request = replace(
        x.request,
        url=redactor.text(x.request.url),
        headers=_headers(x.request.headers, redactor),
        body=redactor.bytes(x.request.body),
    )
    response = x.response
    if response is not None:
        raw = redactor.bytes(response.raw)
        chunks, position = [], 0
        for chunk in response.chunks:
            chunks.append(Chunk(chunk.at, raw[position : position + len(chunk.data)]))
            position += len(chunk.data)
        encoding = response.header("content-encoding")
        headers = _headers(response.headers, redactor)
        if encoding and redactor.bytes(response.body) != response.body:
            # the key hides inside compressed bytes: keep the plain body instead
            chunks = [Chunk(response.ended_at, redactor.bytes(response.body))]
            headers = tuple((k, v) for k, v in headers if k.lower() != "content-encoding")
        clean = replace(
            response,
            reason=redactor.text(response.reason),
            headers=headers,
            chunks=tuple(chunks),
        )
        # the same object where nothing was replaced: it need not be parsed again
        response = response if clean == response else clean
    client = x.client
    if client is not None:
        client = replace(
            client,
            value=redactor.value(client.value),
            error=redactor.value(client.error),
            extra=redactor.value(client.extra),
        )
    failure = x.failure
    if failure is not None:
        failure = replace(failure, message=redactor.text(failure.message))
    return replace(
        x,
        request=request,
        response=response,
        client=client,
        failure=failure,
        endpoint=redactor.text(x.endpoint),
        context=redactor.value(x.context),
    )


def _headers(headers: Headers, redactor: Redactor) -> Headers:
    return tuple((redactor.text(k), redactor.text(v)) for k, v in headers)


class Spool:
    """Appends every exchange as it ends, so that a killed run keeps what it has."""

    def __init__(self, folder: Path | None, redactor: Redactor) -> None:
        self._folder = folder
        self._redactor = redactor
        self._file: Any = None
        self._lock: Any = None
        self._broken: OSError | None = None

    def __enter__(self) -> Spool:
        if self._folder is not None:
            prepare(self._folder)
            try:
                self._lock = (self._folder / LOCK).open("w")
                lock(self._lock, self._folder)
                self._file = (self._folder / PARTIAL).open(
                    "w", encoding="utf-8", errors="backslashreplace"
                )
            except OSError as error:
                raise UsageError(
                    f"{self._folder} cannot be written: {error.strerror}. Give another --out."
                ) from error
        return self

    def add(self, exchange: Exchange) -> None:
        if self._file is None or self._broken is not None:
            return
        self._write(entry_of(redacted(exchange, self._redactor)))

    def finish(self, driver: str, probe: str) -> None:
        """Note that a probe came to its end."""
        if self._file is not None and self._broken is None:
            self._write({"_finished": [driver, probe]})

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            self._broken = error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in (self._file, self._lock):
            if file is not None:
                with suppress(OSError):
                    file.close()
        if self._broken is not None and kind is None:
            raise UsageError(
                f"{self._folder} cannot be written: {self._broken.strerror}. Give another --out."
            )


def lock(file: Any, folder: Path) -> None:
    """Keep other runs out of the folder while this one drives. Raises UsageError."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - elsewhere two runs are not told apart
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            f"another run writes to {folder}: wait for it, or give another --out."
        ) from None


def read_spool(path: Path) -> list[Exchange]:
    """The exchanges of a run that was killed; a last, half-written line is left out."""
    found: dict[str, Exchange] = {}
    for number, entry in enumerate(_spooled(path), start=1):
        if "_finished" in entry:
            continue
        try:
            x = exchange_of(entry, number)
        except (ValueError, KeyError):
            break
        found[x.id] = x  # written again where it changed: the last one stands
    return _tried_again(list(found.values()))


def spooled_finished(path: Path) -> Finished:
    """What came to its end in a run that was killed."""
    return frozenset(
        (str(entry["_finished"][0]), str(entry["_finished"][1]))
        for entry in _spooled(path)
        if "_finished" in entry
    )


def _spooled(path: Path) -> Iterator[dict[str, Any]]:
    # not splitlines(): a string may hold other line separators as they are
    for line in path.read_text("utf-8").split("\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            return
        if not isinstance(entry, dict):
            return
        yield entry


def _tried_again(found: list[Exchange]) -> list[Exchange]:
    """Mark what was tried again: when it was written that was not known yet."""
    before: dict[Any, int] = {}
    marked = list(found)
    for place, x in enumerate(found):
        key = (x.driver, x.probe, x.step, x.request.url, x.request.body)
        if x.driver == "http" and x.attempt > 1 and key in before:
            marked[before[key]] = replace(found[before[key]], superseded=True)
        before[key] = place
    return marked


def prepare(folder: Path) -> None:
    """Make the output folder. Raises UsageError with what to do."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be made: {error.strerror}. Give another --out."
        ) from error


def write_outputs(
    folder: Path,
    run: Run,
    exchanges: Iterable[Exchange],
    redactor: Redactor,
    finished: Iterable[tuple[str, str]] = (),
) -> None:
    """Write every file of a run, each at once, so that no reader meets half of one."""
    from conformance.reporting import annotations, badge, ctrf, html, junit, summary
    from conformance.reporting.report import build

    prepare(folder)
    clean = [redacted(x, redactor) for x in exchanges]
    report = build(run, clean)
    har = har_lines(clean, creator="openai-conformance", version=__version__, finished=finished)
    # one after the other: all texts at once would be a multiple of what was recorded
    files: dict[str, Callable[[], Iterable[str]]] = {
        "results.jsonl": lambda: [dump(run)],
        "exchanges.har": lambda: har,
        "report.html": lambda: [html.render(report)],
        "junit.xml": lambda: [junit.render(report)],
        "summary.md": lambda: [summary.render(report)],
        "badge.json": lambda: [badge.render(report)],
        "badge.svg": lambda: [badge.svg(report)],
        "ctrf.json": lambda: [ctrf.render(report)],
        "annotations.txt": lambda: [annotations.render(report)],
        **{name: lambda text=text: [text] for name, text in _failures(folder, clean).items()},  # type: ignore[misc]
    }
    for name, parts in files.items():
        # as bytes: a search in text with wide characters takes five times as long
        texts = (part.encode("utf-8", "backslashreplace") for part in parts())
        write(folder / name, map(redactor.bytes, texts))
    (folder / PARTIAL).unlink(missing_ok=True)
    (folder / LOCK).unlink(missing_ok=True)


def _failures(folder: Path, exchanges: Sequence[Exchange]) -> dict[str, str]:
    """What failed under fuzzing; a run that did not fuzz leaves what an earlier one kept."""
    from conformance.fuzz import kept

    if not any("fuzz" in x.context for x in exchanges):
        return {}
    found = kept.lines(exchanges)
    if not found:
        (folder / kept.FILE).unlink(missing_ok=True)
        return {}
    return {kept.FILE: kept.dump(found)}


def write(path: Path, text: str | bytes | Iterable[bytes]) -> None:
    """Replace a file at once. Raises UsageError when the folder cannot be written."""
    part = path.with_name(path.name + ".part")
    data = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text
    try:
        with part.open("wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
        part.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}. Give another --out."
        ) from error
