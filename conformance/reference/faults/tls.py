"""Faults of TLS: they are faults of what stands before a provider, not of a request's way.

Tests serve the provider behind each of them (`conformance/meta_tests/test_tls.py`); in process
there is no TLS to plant them in.
"""

from __future__ import annotations

from conformance.reference.fault import fault

FRONTS = {
    "tls.certificate": "The certificate is for another host.",
    "tls.certificate/expired": "The certificate has expired.",
    "tls.certificate/self-signed": "The certificate is signed by nobody but itself.",
    "tls.version": "Nothing newer than TLS 1.1 is spoken.",
    "tls.outdated": "TLS 1.1 is spoken beside TLS 1.2.",
    "tls.plain": "The same is served without TLS.",
    "tls.plain/asks": "Without TLS the key is asked for.",
}
for _id, _text in FRONTS.items():
    fault(_id, at="front", text=_text, breaks=(_id.partition("/")[0],))(lambda: None)
