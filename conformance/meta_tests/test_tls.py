"""TLS and HTTP/2 on real sockets: sound ones are held, each defect is seen by its own rule."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance.cases import test_tls as cases_of_tls
from conformance.catalogue import all_cases
from conformance.drivers import line
from conformance.drivers.tls import speaks_outdated, trust
from conformance.errors import UsageError
from conformance.meta_tests.fronts import (
    HOST,
    handshakes,
    http2_server,
    server_context,
    tls_front,
)
from conformance.probe import Skip
from conformance.probes import http_two
from conformance.reference.config import ReferenceConfig, reference_keys, reference_models
from conformance.reference.faults.tls import FRONTS
from conformance.reference.serve import ServedReference
from conformance.results import Observation, Result
from conformance.run import Drive, Options, drive, judge_all
from conformance.target import Limits, Target

trustme = pytest.importorskip("trustme", reason="trustme is not installed")
OPTIONS = Options(drivers=("http",))
CASES = [case for case in all_cases() if case.id.startswith(("tls.", "http.two."))]
TLS_CASES = [case for case in CASES if case.id.startswith("tls.")]


@pytest.fixture(scope="module")
def authority() -> Any:
    return trustme.CA()


@pytest.fixture(scope="module")
def provider() -> Iterator[ServedReference]:
    with ServedReference() as served:
        yield served


@pytest.fixture(autouse=True)
def _public(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Any) -> None:
    """This machine counts as a public host, and its authority is trusted."""
    for module in (http_two, cases_of_tls):
        monkeypatch.setattr(module, "is_local", lambda host: False)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    # nothing listens on the port of a plain twin, unless a test says otherwise
    monkeypatch.setattr(http_two, "plain_address", lambda target: f"http://{HOST}:9/v1")


def _target(port: int) -> Target:
    config = ReferenceConfig()
    return Target(
        f"https://{HOST}:{port}/v1", reference_keys(config), reference_models(config),
        Limits(connect_timeout_s=5),
    )  # fmt: skip


def _judged(found: Drive, cases: Any) -> dict[str, Result]:
    return {result.requirement: result for result in judge_all(cases, found, OPTIONS)}


def _chain(leaf: Any) -> bytes:
    return b"".join(pem.bytes() for pem in leaf.cert_chain_pems)


def _context(authority: Any, folder: Path, id: str) -> ssl.SSLContext:
    """The TLS of a server that has a defect, or none."""
    leaf, versions = authority.issue_cert(HOST), {}
    chain = _chain(leaf)
    if id == "tls.certificate":
        leaf = authority.issue_cert("elsewhere.example")
        chain = _chain(leaf)
    elif id == "tls.certificate/expired":
        leaf = authority.issue_cert(HOST, not_after=datetime.now(UTC) - timedelta(days=1))
        chain = _chain(leaf)
    elif id == "tls.certificate/self-signed":
        leaf = trustme.CA()
        chain = leaf.cert_pem.bytes()
    elif id == "chain":
        leaf = authority.create_child_ca().issue_cert(HOST)
        chain = leaf.cert_chain_pems[0].bytes()
    elif id == "tls.version":
        versions = {"oldest": "TLSv1", "newest": "TLSv1_1"}
    elif id == "tls.outdated":
        versions = {"oldest": "TLSv1"}
    return server_context(chain, leaf.private_key_pem.bytes(), folder, **versions)


async def _behind(context: ssl.SSLContext, provider: ServedReference, cases: Any) -> Drive:
    async with tls_front(provider.port, context) as port:
        return await drive(_target(port), cases, OPTIONS)


@pytest.mark.parametrize("id", ["", *FRONTS])
def test_each_defect_of_tls_is_seen_by_its_rule(
    id: str, authority: Any, provider: ServedReference, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if not speaks_outdated() and not id.startswith("tls.certificate"):
        pytest.skip("this machine's OpenSSL has neither TLS 1.0 nor TLS 1.1")
    with ServedReference(faults=["auth.enforced"]) as open_to_all:
        if id.startswith("tls.plain"):
            twin = (provider if id == "tls.plain/asks" else open_to_all).base_url
            monkeypatch.setattr(http_two, "plain_address", lambda target: twin)
        context = _context(authority, tmp_path, id)
        if id == "tls.version":
            with handshakes(context) as port:
                found = asyncio.run(drive(_target(port), TLS_CASES, OPTIONS))
        else:
            found = asyncio.run(_behind(context, provider, TLS_CASES))
    judged = _judged(found, TLS_CASES)
    violated = {id for id, r in judged.items() if r.observation is Observation.VIOLATED}
    assert violated == ({id.partition("/")[0]} if id else set()), judged
    assert bool(found.unreachable) == id.startswith(("tls.certificate", "tls.version"))
    if not found.unreachable:
        decided = {Observation.HELD, Observation.VIOLATED}
        assert {r.observation for r in judged.values()} <= decided, judged


def test_a_chain_that_nobody_knows_may_be_the_fault_of_what_is_between(
    authority: Any, provider: ServedReference, tmp_path: Path
) -> None:
    found = asyncio.run(_behind(_context(authority, tmp_path, "chain"), provider, TLS_CASES))
    assert "Check the certificate" in found.unreachable
    result = _judged(found, TLS_CASES)["tls.certificate"]
    assert (result.observation, result.owner) == (Observation.INCONCLUSIVE, "network")
    assert "SSL_CERT_FILE" in result.message


def test_the_provider_itself_cannot_have_a_fault_of_tls() -> None:
    with pytest.raises(ValueError, match=r"tls\.version is a fault of what stands before"):
        ServedReference(faults=["tls.version"])


def test_who_cannot_speak_outdated_versions_does_not_try(
    authority: Any, provider: ServedReference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_two, "speaks_outdated", lambda: False)
    cases = [case for case in TLS_CASES if case.id == "tls.outdated"]
    found = asyncio.run(_behind(_context(authority, tmp_path, ""), provider, cases))
    result = _judged(found, cases)["tls.outdated"]
    assert (result.observation, "OpenSSL" in result.message) == (Observation.NOT_RUN, True)


def test_a_page_without_tls_is_not_the_api(
    authority: Any, provider: ServedReference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web server's greeting, or a portal's."""
    with ServedReference(faults=["errors.success.not-a-page"]) as page:
        twin = page.base_url + "/nowhere"
        monkeypatch.setattr(http_two, "plain_address", lambda target: twin)
        context = _context(authority, tmp_path, "")
        judged = _judged(asyncio.run(_behind(context, provider, TLS_CASES)), TLS_CASES)
    assert judged["tls.plain"].observation is Observation.HELD, judged["tls.plain"]


def test_a_private_or_odd_address_has_no_tls_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for url, reason in (
        ("http://api.example.com/v1", "not https"),
        ("https://10.1.2.3/v1", "not a public host"),
        ("https://api.example.com:8443/v1", "port 8443"),
    ):
        with pytest.raises(Skip, match=reason):
            http_two.plain_address(Target(url))
    for url in ("https://api.example.com/v1", "https://api.example.com:443/v1/"):
        assert http_two.plain_address(Target(url)) == "http://api.example.com/v1"


def test_authorities_that_cannot_be_read_are_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = tmp_path / "written.pem"
    written.write_text("no certificate")
    for path in (written, tmp_path / "absent.pem"):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with pytest.raises(UsageError, match=f"SSL_CERT_FILE.*{path.name}"):
            trust()


ANSWERED = "http.two.answered"
TWO = [case for case in CASES if case.id.startswith("http.two.")]


@pytest.mark.parametrize("id", ["", *(case.id for case in TWO if case.id != ANSWERED)])
def test_http2_on_a_socket(id: str, authority: Any, tmp_path: Path) -> None:
    pytest.importorskip("h2")
    pytest.importorskip("hypercorn")
    leaf, pem = authority.issue_cert(HOST), tmp_path / "server.pem"
    pem.write_bytes(leaf.private_key_pem.bytes() + _chain(leaf))
    with http2_server(pem, (id,) if id else ()) as port:
        found = asyncio.run(drive(_target(port), TWO, OPTIONS))
    sent = [x for x in found.recording.exchanges if x.probe == "http_two" and x.response]
    assert {x.response.http_version for x in sent if x.response} == {"HTTP/2"}
    assert all(x.request.header("connection") is None for x in sent)
    judged = _judged(found, TWO)
    violated = {one for one, r in judged.items() if r.observation is Observation.VIOLATED}
    assert violated == ({id} if id else set()), judged
    if not id:
        assert {r.observation for r in judged.values()} == {Observation.HELD}, judged


def test_http2_is_offered_but_not_spoken(
    authority: Any, provider: ServedReference, tmp_path: Path
) -> None:
    """As behind a balancer that agrees on HTTP/2 and passes the bytes to a server of HTTP/1.1."""
    pytest.importorskip("h2")
    context = _context(authority, tmp_path, "")
    context.set_alpn_protocols(["h2"])
    found = asyncio.run(_behind(context, provider, TWO))
    assert not found.unreachable
    judged = _judged(found, TWO)
    assert judged[ANSWERED].observation is Observation.VIOLATED, judged
    others = {r.observation for id, r in judged.items() if id != ANSWERED}
    assert others == {Observation.NOT_RUN}, judged


def test_http2_is_asked_for_only_where_it_can_be_offered(
    authority: Any, provider: ServedReference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h2")
    found = asyncio.run(_behind(_context(authority, tmp_path, ""), provider, TWO))
    told = {(r.observation, r.message) for r in _judged(found, TWO).values()}
    reason = "HTTP/2 is not offered: the server chose HTTP/1.1"
    assert told == {(Observation.NOT_RUN, reason)}
    target = replace(_target(1), base_url=provider.base_url)
    found = asyncio.run(drive(target, TWO, OPTIONS))
    assert {r.message for r in _judged(found, TWO).values()} == {
        "HTTP/2 is agreed on within TLS, and the address is not https"
    }
    monkeypatch.setattr(line, "find_spec", lambda name: None)
    found = asyncio.run(_behind(_context(authority, tmp_path, ""), provider, TWO))
    assert "h2, which is not installed" in _judged(found, TWO)["http.two.stream"].message
