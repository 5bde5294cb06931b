"""The parts of the client-library drivers: routes, arguments, dumps, environment and warnings."""

from __future__ import annotations

import asyncio
import os
import warnings
from typing import Any

import openai
import pytest

from conformance.drivers.python_client import PythonClient
from conformance.drivers.python_sdk import NAMES
from conformance.drivers.sdk_call import call_of, model_of
from conformance.drivers.sdk_environment import clean_environment
from conformance.drivers.sdk_routes import routed
from conformance.drivers.sdk_view import dumped
from conformance.meta_tests.test_driver_python_sdk import (
    JSON,
    OK,
    answering,
    chat,
    rig,
    run,
    view_of,
)
from conformance.probe import Probe, Skip


def test_environment_does_not_reach_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-wrong")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-wrong: 1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def main() -> None:
        async with rig(answering(OK)) as r:
            for name in NAMES:
                sent = (await r.run(name, chat())).request
                assert sent.header("openai-organization") is None
                assert sent.header("x-wrong") is None
            asked = chat("q", options={"environment": {"OPENAI_ORG_ID": "org-right"}})
            for name in NAMES:
                sent = (await r.run(name, asked)).request
                assert sent.header("openai-organization") == "org-right"

    run(main)
    assert os.environ["OPENAI_ORG_ID"] == "org-wrong"
    with clean_environment({"OPENAI_LOG": "x"}):
        assert "HTTP_PROXY" not in os.environ
    assert "OPENAI_LOG" not in os.environ


def test_a_release_that_reads_no_address_sends_nothing() -> None:
    """It would send the key of the target to OpenAI."""

    class Old(openai.OpenAI):
        def __init__(self, **given: Any) -> None:
            super().__init__(**{"base_url": "http://elsewhere.invalid/v1", **given})

    probe = Probe("bare", "POST", "/chat/completions", options={"bare": True})
    old = PythonClient(asynchronous=False)
    old._client = Old(api_key="unused")
    with pytest.raises(Skip, match="reads no OPENAI_BASE_URL"):
        asyncio.run(old.send("http://127.0.0.1:9/v1", "key", probe, {}, "/chat/completions", 5))
    asyncio.run(old.aclose())


def test_warnings_are_gathered_not_printed(recwarn: pytest.WarningsRecorder) -> None:
    bad = b'{"id":"c","object":"chat.completion","choices":"not a list"}'

    async def main() -> None:
        before = list(warnings.filters)
        async with rig(answering((200, JSON, bad))) as r:
            for name in NAMES:
                view = view_of(await r.run(name, chat()))
                assert view.value["choices"] == "not a list"
                assert any("serializer" in w.lower() for w in view.extra["warnings"])
        assert list(warnings.filters) == before

    run(main)
    assert not recwarn.list


def test_routes() -> None:
    assert routed("GET", "/files/f1/content").method == "files.content"
    assert routed("GET", "/files/f1").arguments == {"file_id": "f1"}
    assert routed("POST", "/threads/runs").method == "beta.threads.create_and_run"
    assert routed("POST", "/responses/input_tokens").method == "responses.input_tokens.count"
    assert routed("GET", "/models/a%2Fb").arguments == {"model": "a/b"}
    assert routed("GET", "/x?a=1&include[]=b&include[]=c").query == {
        "a": "1",
        "include": ["b", "c"],
    }
    assert routed("POST", "/nothing").method == ""


def test_every_route_names_a_method_of_the_library() -> None:
    import openai

    from conformance.drivers.sdk_call import bound
    from conformance.drivers.sdk_routes import ROUTES

    if int(openai.__version__.partition(".")[0]) < 3:
        pytest.skip("older majors lack some resources")
    client = openai.OpenAI(api_key="k", base_url="http://127.0.0.1:9/v1")
    for line in ROUTES.strip().splitlines():
        verb, path, method = line.split()
        call = call_of(Probe("p", verb, path), None, path.replace("{", "x").replace("}", ""))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, given = bound(call, client)
        assert call.method == method
        assert "extra_body" not in given, (method, given)
    client.close()


def test_forms_become_arguments() -> None:
    body = (
        b'--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n'
        b"content-type: application/jsonl\r\n\r\n{}\n\r\n--b--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    call = call_of(Probe("p", "POST", "/files", body, headers=headers), body, "/files")
    assert call.arguments == {
        "purpose": "batch",
        "file": ("a.jsonl", b"{}\n", "application/jsonl"),
    }
    assert call.headers == {}


def test_schema_models_and_dumps() -> None:
    schema = {"properties": {"l": {"type": "array", "items": {"type": "integer"}}}}
    assert model_of("M", schema)(l=[1]).model_dump() == {"l": [1]}
    assert dumped({"a": float("nan"), "b": b"x", "c": "\ud800"}) == {
        "a": "nan",
        "b": {
            "bytes": 1,
            "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        },
        "c": "?",
    }


def test_redirected_calls_of_both_clients_are_told_apart() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        moved = scope["path"] == "/v1/chat/completions"
        headers = (
            [(b"location", b"/v1/elsewhere")] if moved else [(b"content-type", b"application/json")]
        )
        await send(
            {"type": "http.response.start", "status": 307 if moved else 200, "headers": headers}
        )
        await send({"type": "http.response.body", "body": b"" if moved else body})

    async def main() -> None:
        async with rig(app) as r:
            probes = [(name, chat(f"p{n}", user=str(n))) for name in NAMES for n in range(5)]
            found = await asyncio.gather(*(r.run(name, probe) for name, probe in probes))
            for (name, probe), exchange in zip(probes, found, strict=True):
                assert (exchange.driver, exchange.endpoint) == (name, "/elsewhere")
                assert exchange.sent["user"] == probe.name[1:]
                assert view_of(exchange).extra["attempts"] == 2

    run(main)
