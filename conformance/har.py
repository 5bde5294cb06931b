"""Recordings as HAR 1.2, written and read; also HAR that somebody else recorded.

Our own fields begin with an underscore, as the format allows: ``_id``, ``_probe``, ``_step``,
``_driver``, ``_endpoint``, ``_chunks`` (arrival time and size of every read), ``_raw`` (base64 of a
body that is not UTF-8 or is compressed), ``_failure``, ``_client``.
A foreign file may carry ``_headers_filtered`` (headers were removed: absence proves nothing) and
``_recorded`` (day of the recording).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.exchange import (
    Chunk,
    ClientView,
    Exchange,
    Failure,
    Headers,
    Request,
    Response,
    endpoint_of,
)

Finished = frozenset[tuple[str, str]]
"""Driver and probe of all that came to its end by itself."""


def write_har(
    exchanges: Iterable[Exchange], *, creator: str, version: str, finished: Iterable[Any] = ()
) -> str:
    """HAR text of exchanges whose secrets have been replaced already."""
    return "".join(har_lines(exchanges, creator=creator, version=version, finished=finished))


def har_lines(
    exchanges: Iterable[Exchange], *, creator: str, version: str, finished: Iterable[Any] = ()
) -> Iterator[str]:
    """The same, an entry at a time: all at once it would take several times the memory."""
    head: dict[str, Any] = {"version": "1.2", "creator": {"name": creator, "version": version}}
    if finished:
        head["_finished"] = sorted(map(list, finished))
    yield f'{{"log": {json.dumps(head)[:-1]}, "entries": [\n'
    before = ""
    for x in exchanges:
        # one line an entry: indented, the file would take three times as long
        yield before + json.dumps(entry_of(x), ensure_ascii=False)
        before = ",\n"
    yield "\n]}}\n"


def entry_of(x: Exchange) -> dict[str, Any]:
    """One exchange as a HAR entry."""
    started = datetime.fromtimestamp(x.started, UTC).isoformat(timespec="milliseconds")
    response = x.response
    head = response.head_at if response else x.duration
    entry: dict[str, Any] = {
        "startedDateTime": started.replace("+00:00", "Z"),
        "time": round(x.duration * 1000, 3),
        "request": _request(x.request),
        "response": _response(response),
        "cache": {},
        "timings": {
            "send": 0,
            "wait": round(head * 1000, 3),
            "receive": round(max(x.duration - head, 0) * 1000, 3),
        },
        "_id": x.id,
        "_probe": x.probe,
        "_step": x.step,
        "_driver": x.driver,
        "_endpoint": x.endpoint,
        "_attempt": x.attempt,
        "_superseded": x.superseded,
        "_started": x.started,
    }
    if response:
        entry["_chunks"] = [[round(c.at, 6), len(c.data)] for c in response.chunks]
        entry["_head_at"], entry["_ended_at"] = response.head_at, response.ended_at
        entry["_complete"] = response.complete
    if x.failure:
        entry["_failure"] = asdict(x.failure)
    if x.client:
        # not asdict, which copies all that a client library returned
        entry["_client"] = {field.name: getattr(x.client, field.name) for field in fields(x.client)}
    if x.context:
        entry["_context"] = x.context
    return entry


def _request(request: Request) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request.headers),
        "queryString": [],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        text, encoding = _text(request.body)
        entry["postData"] = {"mimeType": request.header("content-type") or "", "text": text}
        if encoding:
            entry["postData"]["_encoding"] = encoding
    return entry


def _response(response: Response | None) -> dict[str, Any]:
    if response is None:
        return {
            "status": 0,
            "statusText": "",
            "httpVersion": "",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": ""},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        }
    text, encoding = _text(response.body)
    content: dict[str, Any] = {
        "size": len(response.body),
        "mimeType": response.header("content-type") or "",
        "text": text,
    }
    if encoding:
        content["encoding"] = encoding
    if response.header("content-encoding"):
        content["_raw"] = base64.b64encode(response.raw).decode()
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": response.http_version,
        "cookies": [],
        "headers": _headers(response.headers),
        "content": content,
        "redirectURL": response.header("location") or "",
        "headersSize": -1,
        "bodySize": len(response.raw),
    }


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _text(body: bytes) -> tuple[str, str]:
    try:
        return body.decode("utf-8"), ""
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"


def read_har(path: Path) -> list[Exchange]:
    """The exchanges of a HAR file. Raises UsageError with what to do when it is none."""
    try:
        document = json.loads(path.read_text("utf-8"))
        entries = document["log"]["entries"]
        if not isinstance(entries, list):
            raise TypeError
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{path} is not a HAR file (JSON with log.entries). Export one from your browser's "
            "network panel or proxy, or give the folder of a run."
        ) from error
    found = []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(exchange_of(entry, number))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"{path}: entry {number} is malformed ({error!r})") from error
    return found


def read_finished(path: Path) -> Finished:
    """What came to its end in a run that left this HAR."""
    try:
        listed = json.loads(path.read_text("utf-8"))["log"].get("_finished", ())
        return frozenset((str(driver), str(probe)) for driver, probe in listed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return frozenset()


def exchange_of(entry: Mapping[str, Any], number: int) -> Exchange:
    """An exchange from a HAR entry, ours or foreign."""
    request = entry["request"]
    post = request.get("postData") or {}
    body = _bytes(post.get("text") or "", post.get("_encoding") or post.get("encoding") or "")
    headers = _read_headers(request.get("headers"))
    started = float(entry.get("_started") or _epoch(entry.get("startedDateTime", "")))
    duration = max(float(entry.get("time") or 0), 0) / 1000
    failure = entry.get("_failure")
    client = entry.get("_client")
    context: dict[str, Any] = dict(entry.get("_context") or {})
    foreign = "_probe" not in entry
    if foreign:
        context["foreign"] = True
        context["recorded"] = entry.get("_recorded") or str(entry.get("startedDateTime", ""))[:10]
        context["day_known"] = bool(entry.get("_recorded"))
        for flag in (
            "_headers_filtered",
            "_decoded",
            "_reserialized",
            "_request_edited",
            "_source",
        ):
            if entry.get(flag):
                context[flag.lstrip("_")] = entry[flag]
    return Exchange(
        id=str(entry.get("_id") or f"x{number}"),
        request=Request(request["method"].upper(), request["url"], headers, body),
        response=_read_response(entry, duration),
        failure=Failure(**failure) if failure else None,
        probe=str(entry.get("_probe") or ""),
        step=str(entry.get("_step") or ""),
        driver=str(entry.get("_driver") or "http"),
        endpoint=str(entry.get("_endpoint") or endpoint_of(request["url"])),
        started=started,
        duration=duration,
        attempt=int(entry.get("_attempt") or 1),
        superseded=bool(entry.get("_superseded")),
        client=ClientView(**client) if client else None,
        context=context,
    )


def _read_response(entry: Mapping[str, Any], duration: float) -> Response | None:
    response = entry["response"]
    if not response.get("status"):
        return None
    content = response.get("content") or {}
    if content.get("_raw"):
        body = base64.b64decode(content["_raw"])
    else:
        body = _bytes(content.get("text") or "", content.get("encoding") or "")
    sizes = entry.get("_chunks")
    ended = float(entry.get("_ended_at") or duration)
    chunks: list[Chunk] = []
    if sizes is not None:
        position = 0
        for at, size in sizes:
            chunks.append(Chunk(at, body[position : position + size]))
            position += size
    elif body:
        chunks.append(Chunk(ended, body))
    return Response(
        status=int(response["status"]),
        reason=str(response.get("statusText") or ""),
        http_version=str(response.get("httpVersion") or ""),
        headers=_read_headers(response.get("headers")),
        chunks=tuple(chunks),
        head_at=float(entry.get("_head_at") or 0),
        ended_at=ended,
        complete=bool(entry.get("_complete", True)),
    )


def _read_headers(headers: Any) -> Headers:
    return tuple((str(h["name"]), str(h["value"])) for h in headers or ())


def _bytes(text: str, encoding: str) -> bytes:
    return base64.b64decode(text) if encoding == "base64" else text.encode("utf-8", "surrogatepass")


def _epoch(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
