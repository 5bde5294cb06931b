"""TLS as this side speaks it: whom it trusts, which versions it offers, what was agreed on."""

from __future__ import annotations

import os
import ssl
import warnings
from typing import Any

import httpx

from conformance.errors import UsageError

TLS = "tls"
"""Under this name the context of an exchange holds the version of TLS that carried it."""


def trust() -> ssl.SSLContext:
    """Certifi's authorities, or those of `SSL_CERT_FILE` or `SSL_CERT_DIR`, as for any client.

    httpx writes into it what is offered by ALPN, so that no two transports may share one.
    Raises UsageError where those files cannot be read.
    """
    try:
        return httpx.create_ssl_context(trust_env=True)
    except OSError as error:  # ssl.SSLError is one
        named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
        raise UsageError(
            f"SSL_CERT_FILE or SSL_CERT_DIR ({named}) holds no certificates that can be read "
            f"({error}); name a PEM file, or unset it."
        ) from error


def speaks_outdated() -> bool:
    """Whether this machine's OpenSSL still has TLS 1.0 or 1.1."""
    return ssl.HAS_TLSv1 and ssl.HAS_TLSv1_1


def outdated() -> ssl.SSLContext:
    """The same authorities, but no version of TLS that is still allowed: 1.0 and 1.1 (RFC 8996)."""
    context = trust()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    # OpenSSL lets nobody speak them at its usual level
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def agreed(stream: Any) -> str:
    """The version of TLS on a network stream; empty where there is none."""
    found = stream.get_extra_info("ssl_object") if stream is not None else None
    return str(found.version() or "") if found is not None else ""
