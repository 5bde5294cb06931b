"""`conformance migrate-check`: what is replayed, what never is, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import run_command
from conformance.exchange import Exchange, Failure
from conformance.meta_tests.support import made, stream
from conformance.migrate import Call, calls_of, secrets_of, why_not
from conformance.reporting.migrate import Fate, Met, Replay, breaks, meet, render

SECRET = "sk-proj-recorded-1234567890"
CHAT = {"id": "a", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}


def entry(path: str, body: Any = None, *, method: str = "POST", answer: Any = CHAT) -> Any:
    sent = {"mimeType": "application/json", "text": json.dumps(body)} if body is not None else {}
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "OpenAI-Organization": "org-mine",
        "Cookie": f"session={SECRET}",
        "OpenAI-Beta": "assistants=v2",
    }
    return {
        "startedDateTime": "2026-05-01T12:00:00Z",
        "time": 120,
        "request": {
            "method": method,
            "url": f"https://api.openai.com/v1{path}",
            "headers": [{"name": n, "value": v} for n, v in headers.items()],
            **({"postData": sent} if sent else {}),
        },
        "response": {
            "status": 200,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"text": json.dumps(answer)},
        },
    }


def chat(model: str, text: str = "Say hello.", **more: Any) -> Any:
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    whole = {
        **CHAT,
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return entry("/chat/completions", body, answer=whole)


def har(folder: Path, *entries: Any) -> str:
    file = folder / "mine.har"
    file.write_text(json.dumps({"log": {"entries": list(entries)}}), "utf-8")
    return str(file)


def test_own_calls_against_a_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding = {"model": "text-embedding-3-large", "input": "x"}
    vectors = {"object": "list", "data": [{"embedding": [0.1]}], "usage": {"prompt_tokens": 1}}
    file = har(
        tmp_path,
        chat("gpt-4", f"My key is {SECRET}, keep it."),
        chat("gpt-4", "Another text of the same form."),
        chat("llama-3.1-8b"),
        chat("gpt-4", tools=[{"type": "function", "function": {"name": "f"}}]),
        entry("/embeddings", embedding, answer=vectors),
        entry("/files/file-1", method="DELETE"),
        entry("/../favicon.ico", method="GET"),
    )
    out = tmp_path / "out"
    status = run_command(["migrate-check", file, "--profile", "assisters", "--out", str(out)])
    page = capsys.readouterr().out
    assert status == 1
    assert "5 calls of 4 forms, each form replayed once." in page
    assert "By form: 1 breaks; 2 works when the model is renamed; 1 works as it is." in page
    assert "| x4 POST /chat/completions, gpt-4 | 1 | 400 unsupported_parameter" in page
    assert "| x1 POST /chat/completions, gpt-4 | 2 | sent as llama-3.3-70b instead of gpt-4" in page
    assert "- 1: no call of OpenAI's API" in page
    assert (out / "migrate.md").read_text("utf-8") == page
    written = page + (out / "exchanges.har").read_text("utf-8")
    assert SECRET not in written
    assert "org-mine" not in written
    replayed = json.loads((out / "exchanges.har").read_text("utf-8"))["log"]["entries"]
    assert len(replayed) == 4
    names = {h["name"].lower() for e in replayed for h in e["request"]["headers"]}
    assert "cookie" not in names
    assert "openai-beta" in names


def test_a_model_that_is_not_known_is_tried_under_the_own_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = har(tmp_path, chat("gpt-9"))
    assert run_command(["migrate-check", file, "--profile", "alveare", "--json"]) == 0
    (call,) = json.loads(capsys.readouterr().out)["calls"]
    assert call["fate"] == Fate.RENAMED
    assert call["findings"] == ["404, the model is not known: rename gpt-9 to gpt-3.5-turbo"]
    mapped = ["--map", "gpt-9=classify", "--json"]
    assert run_command(["migrate-check", file, "--profile", "alveare", *mapped]) == 0
    (call,) = json.loads(capsys.readouterr().out)["calls"]
    assert call["findings"] == ["sent as classify instead of gpt-9"]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (None, (), "cannot be read"),
        ("{", (), "is not a HAR file"),
        ('{"log":{"entries":[]}}', (), "without a single entry"),
        ('{"log":{"entries":[{}]}}', (), "entry 1 is malformed"),
        ("calls", (), "give --base-url URL"),
        ("calls", ("--profile", "alveare", "--map", "a"), "--map wants OLD=NEW"),
        ("foreign", ("--profile", "alveare"), "holds no call of OpenAI's API"),
        ("calls", ("--base-url", "http://127.0.0.1:9/v1"), "cannot be reached"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    words: tuple[str, ...],
    said: str,
) -> None:
    file = tmp_path / "mine.har"
    if text in ("calls", "foreign"):
        har(tmp_path, chat("m") if text == "calls" else entry("/../x.js", method="GET"))
    elif text is not None:
        file.write_text(text, "utf-8")
    status = run_command(["migrate-check", str(file), *words])
    assert status == (3 if "reached" in said else 4)
    shown = capsys.readouterr()
    assert said in shown.err
    assert SECRET not in shown.err + shown.out


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("POST", "/chat/completions", ""),
        ("GET", "/models/gpt-4", ""),
        ("OPTIONS", "/chat/completions", "a question of the browser, not of the program"),
        ("DELETE", "/models/gpt-4", "it changes or deletes something"),
        ("GET", "/responses/resp_1", "it speaks of objects that only the old provider has"),
        ("POST", "/threads", "it speaks of objects that only the old provider has"),
        ("GET", "/favicon.ico", "no call of OpenAI's API"),
    ],
)
def test_what_is_replayed(method: str, path: str, reason: str) -> None:
    sent = {"model": "m"} if method == "POST" else None
    found = why_not(made({}, method=method, endpoint=path, sent=sent))
    assert found.startswith(reason)
    assert bool(found) is bool(reason)


def test_a_body_that_was_not_recorded() -> None:
    assert why_not(made({}, endpoint="/chat/completions")) == "its body was not recorded"


def test_forms_names_queries_and_the_most() -> None:
    listing = made({}, method="GET", endpoint="/models")
    url = "https://api.openai.com/v1/models?limit=2&api_key=hunter22222"
    listing = replace(listing, request=replace(listing.request, url=url))
    one = made({}, method="GET", endpoint="/models/gpt-4")
    calls = calls_of([listing, one, one], {"gpt-4": "own/x"}, most=2)
    assert [(c.path, c.times) for c in calls.calls] == [
        ("/models?limit=2", 1),
        ("/models/own/x", 2),
    ]
    assert calls_of([listing, one], most=1).left == {"more than 1 forms of calls: raise --calls": 1}
    assert secrets_of([listing]) == {"recorded 1": "hunter22222"}


def played(
    old: Exchange, new: Exchange | None, renamed: Exchange | None = None, **more: Any
) -> Met:
    call = Call(old, "POST", "/chat/completions", b"{}", model="m", **more)
    return meet(Replay(call, new, renamed, "n" if renamed else ""), {})


GOOD = made(CHAT)
REFUSED = made({"error": {"message": "No | such\nthing", "code": "nope"}}, status=400)
UNKNOWN = made({"error": {"code": "model_not_found"}}, status=404)
SILENT = replace(made(CHAT), response=None, failure=Failure("timeout", "nothing in 60 s"))


@pytest.mark.parametrize(
    ("met", "fate", "said"),
    [
        (played(GOOD, GOOD), Fate.SAME, ""),
        (played(GOOD, None), Fate.UNKNOWN, "not sent"),
        (played(GOOD, made({}, status=429)), Fate.UNKNOWN, "the limit of the key"),
        (played(GOOD, REFUSED), Fate.BROKEN, "400 nope (BadRequestError): No | such\\nthing"),
        (played(GOOD, made("x", status=502)), Fate.BROKEN, "502 (InternalServerError)"),
        (played(GOOD, SILENT), Fate.BROKEN, "no answer: nothing in 60 s"),
        (played(GOOD, UNKNOWN, REFUSED), Fate.BROKEN, "then 400 nope"),
        (played(REFUSED, REFUSED), Fate.REFUSED, "the same"),
        (played(REFUSED, GOOD), Fate.REFUSED, "200; 400 nope"),
        (played(GOOD, made({"choices": [{}]})), Fate.LOST, "id: absent"),
        (played(GOOD, stream(CHAT)), Fate.BROKEN, "a stream now"),
        (played(stream(CHAT), GOOD), Fate.BROKEN, "a stream before, a document now"),
    ],
)
def test_what_a_call_meets(met: Met, fate: Fate, said: str) -> None:
    assert met.fate is fate
    assert said in "; ".join(met.findings)


def test_what_the_model_decides_is_no_loss() -> None:
    called = {**CHAT, "choices": [{"message": {"tool_calls": [{"id": "c"}]}}]}
    spoken = {**CHAT, "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    met = played(made(called), made(spoken))
    assert met.fate is Fate.SAME
    assert "the model may have chosen so" in met.findings[0]


def test_the_page_names_rules_and_stays_inert() -> None:
    call = Call(REFUSED, "POST", "/chat/completions", b"{}", model="<b>|m`")
    rules = tuple(f"chat.rule-{n}" for n in range(6))
    met = meet(Replay(call, GOOD), {GOOD.id: rules})
    page = render("http://x", [met, played(GOOD, GOOD)], {})
    assert "chat.rule-3 and 2 more)" in page
    assert "&lt;b>\\|m'" in page
    assert "Not replayed" not in page
    assert not breaks([met])
