"""TLS of a public address: a certificate that clients trust, and nothing that can be read."""

from __future__ import annotations

from urllib.parse import urlsplit

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, Source, requirement, rfc
from conformance.select import Selector
from conformance.target import is_local

HTTP = ("http",)
UNTRUSTED = "certificate verify failed"
UNKNOWN = ("unable to get local issuer", "unable to get issuer", "in certificate chain")
"""What OpenSSL says where the fault may lie between here and the server as well."""

VERSIONS = ("unsupported protocol", "protocol version", "unsupported_protocol")
GUIDE = Source(
    "enterprise privacy",
    "OpenAI encrypts in transit by TLS 1.2+",
    "https://openai.com/enterprise-privacy/",
)


def _public(x: Exchange) -> bool:
    if not x.request.url.startswith("https://") or x.context.get("foreign"):
        return False
    return not is_local(urlsplit(x.request.url).hostname or "")


PUBLIC = Selector("exchanges with a public https address", _public)


def _broken(x: Exchange) -> str:
    """What went wrong with TLS; empty where it carried an answer."""
    if x.response is not None:
        return ""
    if x.failure is None or x.failure.kind != "tls":
        raise NotApplicable("neither an answer nor a failure of TLS")
    return x.failure.message


@requirement(
    "tls.certificate",
    MUST,
    "The certificate of a public address is one that clients trust: for that host, in date, "
    "with its chain.",
    source=rfc(9110, "4.3.4"),
    over=PUBLIC,
    drivers=HTTP,
    any_status=True,
    breaks=["openai-python, openai-node: APIConnectionError, CERTIFICATE_VERIFY_FAILED"],
)
def test_certificate(x: Exchange) -> None:
    broken = _broken(x)
    if broken and UNTRUSTED not in broken:
        raise NotApplicable("another failure of TLS")
    if any(words in broken for words in UNKNOWN):
        raise Inconclusive(
            "nobody known here signed the certificate: the server leaves out a part of its chain, "
            "or something between here and there (a company's proxy) puts in one of its own, "
            f"whose authority `SSL_CERT_FILE` can name ({broken})",
            owner="network",
        )
    require(not broken, "certificate", "one that clients trust", broken)


@requirement(
    "tls.version",
    MUST,
    "A public https address speaks TLS 1.2 or newer.",
    source=GUIDE,
    over=PUBLIC,
    drivers=HTTP,
    any_status=True,
    breaks=["openai-python, openai-node: APIConnectionError, no client of today connects"],
)
def test_version(x: Exchange) -> None:
    broken = _broken(x)
    if broken and not any(words in broken.lower() for words in VERSIONS):
        raise NotApplicable("another failure of TLS")
    require(not broken, "handshake", "TLS 1.2 or newer", broken)


@requirement(
    "tls.outdated",
    SHOULD,
    "A public https address refuses TLS 1.0 and 1.1, which are no longer allowed.",
    source=rfc(8996, "4"),
    any_status=True,
    breaks=["whoever has to prove that nothing outdated is spoken"],
)
def test_outdated(tls_outdated: Steps) -> None:
    x = tls_outdated[""]
    version = x.context.get("tls")
    if x.response is not None:
        fail("handshake", "a refusal", f"{version or 'an answer'}, status {x.status}", exchange=x)
    if x.failure is not None:
        message = x.failure.message.lower()
        if "no protocols available" in message or "no ciphers available" in message:
            raise Inconclusive("this machine's OpenSSL speaks neither", owner="suite")
        if x.failure.kind in ("connect", "timeout"):
            raise Inconclusive(x.failure.message, owner="network")


@requirement(
    "tls.plain",
    SHOULD,
    "The same public address without TLS serves nothing and asks for no key: it does not listen, "
    "refuses, or names the https address.",
    source=Source(
        "field",
        "your API should not redirect HTTP to HTTPS (2024)",
        "https://jviide.iki.fi/http-redirects",
    ),
    any_status=True,
    breaks=["a base URL without the `s`: the key travels readable, and nobody notices"],
)
def test_plain(tls_plain: Steps) -> None:
    x = tls_plain[""]
    if x.response is None and x.failure is not None and x.failure.kind == "timeout":
        raise NotApplicable("nothing listens there")
    if x.response is not None and x.response.media_type != "application/json":
        return  # a page of whatever stands there; it is not the API
    if x.ok or x.status == 401:
        fail("status", ["no answer", "3xx", "403"], f"{x.status} without TLS", exchange=x)
