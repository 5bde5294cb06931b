"""What the providers' pages print: well described, sent as it stands, fitting its schemas."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from conformance import schemas
from conformance.catalogue import by_id
from conformance.clock import VirtualClock
from conformance.drivers.inprocess import InProcessTransport
from conformance.examples import (
    FOLDER,
    SCHEMA,
    PrintedAnswer,
    PrintedRequest,
    all_examples,
    probe_name,
    requirement_id,
)
from conformance.exchange import Exchange
from conformance.expect import Violation
from conformance.probe import Probe, all_probes
from conformance.profile import load_profile, read_toml
from conformance.reference.app import create_app
from conformance.reference.config import ReferenceConfig
from conformance.results import Observation
from conformance.run import Options, drive, judge_all
from conformance.settings import embedded_target
from conformance.target import Target

NAMES = sorted(all_examples())
REQUESTS = [(name, row) for name in NAMES for row in all_examples()[name].requests]
ANSWERS = [(name, row) for name in NAMES for row in all_examples()[name].answers]
NAMED = [pytest.param(*pair, id=f"{pair[0]}-{pair[1].id}") for pair in REQUESTS]


@pytest.mark.parametrize("name", NAMES)
def test_they_are_well_described(name: str) -> None:
    data = read_toml(FOLDER / f"{name}.toml", "file of examples")
    assert [e.message for e in schemas.validator(SCHEMA).iter_errors(data)] == []
    profile, found = load_profile(name), all_examples()[name]
    for rows in (found.requests, found.answers, found.calls):
        assert len({row.id for row in rows}) == len(rows)
        assert all(profile.document(row.document) for row in rows)
    for call in found.calls:
        assert call.requirement in by_id()


def test_every_document_has_some() -> None:
    assert NAMES == ["alveare", "assisters", "assisters-com", "openai-assistants"]
    for name in NAMES:
        found = all_examples()[name]
        rows = [*found.requests, *found.answers, *found.calls]
        assert {row.document for row in rows} == {page.id for page in load_profile(name).documents}


@pytest.mark.parametrize(("name", "request_"), NAMED)
def test_a_request(name: str, request_: PrintedRequest) -> None:
    if request_.body:
        assert isinstance(json.loads(request_.body), dict)
    if request_.sent:
        assert schemas.load(request_.answer)
        assert requirement_id(name, request_) in by_id()
    if request_.decided:
        case = by_id()[request_.decided]
        sent = [p for word in case.probes if isinstance(p := all_probes()[word], Probe)]
        target = Target("http://x/v1", models=load_profile(name).models)
        for probe in sent:
            assert (probe.method, target.fill_path(probe.path)) == (request_.method, request_.path)
            if request_.body:
                assert target.fill(probe.body) == json.loads(request_.body)


@pytest.mark.parametrize(
    ("name", "answer"), [pytest.param(*pair, id=f"{pair[0]}-{pair[1].id}") for pair in ANSWERS]
)
def test_an_answer_fits_or_contradicts_its_page(name: str, answer: PrintedAnswer) -> None:
    problems: list[Any] = []
    try:
        problems += schemas.validator(answer.schema).iter_errors(json.loads(answer.body))
    except json.JSONDecodeError as error:
        problems.append(error)
    assert bool(problems) == bool(answer.contradicts), problems
    if answer.contradicts:
        told = [row.says for row in load_profile(name).contradictions]
        assert answer.contradicts in told


@pytest.mark.parametrize("name", NAMES)
def test_they_are_sent_as_they_stand_and_answered_as_printed(name: str) -> None:
    profile, clock = load_profile(name), VirtualClock()
    rows = [row for row in all_examples()[name].requests if row.sent]
    cases = [by_id()[requirement_id(name, row)] for row in rows]
    options = Options(claims=profile.claims_of_capabilities, fuzz=False)
    inner = InProcessTransport(create_app(ReferenceConfig(profile=name), clock=clock))
    target = embedded_target(profile)
    found = asyncio.run(drive(target, cases, options, inner=inner, clock=clock, check=False))
    results = judge_all(cases, found, options)
    assert {r.observation for r in results} == {Observation.HELD}
    seen = {x.probe: x for x in found.recording.exchanges}
    for row in rows:
        request = seen[probe_name(name, row)].request
        model = target.models["chat"]
        assert request.body.decode() == row.body or (
            json.loads(request.body) == json.loads(row.body.replace("{chat}", model))
        )
        assert request.method == row.method
        assert request.url.endswith(row.path)
        names = {name.lower(): value for name, value in request.headers}
        assert {(k.lower(), v) for k, v in row.headers.items()} <= set(names.items())


def _stream(*events: str) -> Exchange:
    from conformance.meta_tests.test_provider_cases import answer

    body = "".join(f"data: {event}\n\n" for event in events)
    found = answer(body, media="text/event-stream")
    found.__dict__["sent"] = {"stream": True}
    return found


@pytest.mark.parametrize(
    "events", [(), ("[DONE]",), ('{"id":"chatcmpl-1","choices":[]}', "[DONE]")]
)
def test_a_stream_that_is_not_as_printed(events: tuple[str, ...]) -> None:
    row = next(row for name, row in REQUESTS if name == "assisters" and row.id == "streaming")
    with pytest.raises(Violation):
        by_id()[requirement_id("assisters", row)].function(_stream(*events))
