"""Keys and base URLs: what a wrong one is answered with, and which hosts are local."""

from __future__ import annotations

import re

import pytest

from conformance.errors import UsageError
from conformance.settings import is_local, resolve

URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("env:NOT_SET", "the environment variable NOT_SET is not set; export it."),
        ("file:/no/such/file", "/no/such/file cannot be read; put the key into it."),
        ("file:/dev/null", "/dev/null is empty; put the key into it."),
        (" ", "the key is empty; give one, or leave the setting out."),
        ("sk-a b", "the key holds spaces or signs that no header takes."),
        ("sk-ü", "the key holds spaces or signs that no header takes."),
    ],
)
def test_keys_that_cannot_be(key: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)) as caught:
        resolve({"base_url": URL, "api_key": key}, {})
    assert "sk-" not in str(caught.value)
    assert "--api-key" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "localhost:8000/v1",
            "has no http:// or https://; did you mean 'http://localhost:8000/v1'?",
        ),
        ("api.x.com/v1", "has no http:// or https://; did you mean 'https://api.x.com/v1'?"),
        ("ftp://x/v1", "has no http:// or https://; did you mean 'https://x/v1'?"),
        ("http://", "has no http:// or https://"),
        (
            "http://x/v1/chat/completions/",
            "ends in /chat/completions, which the suite adds itself; give 'http://x/v1'.",
        ),
        ("http://x/v1/models", "ends in /models, which the suite adds itself"),
        ("http://x:port/v1", "is not a URL"),
        ("http://x/v1?key=1", "has a query or fragment"),
        ("http://u:p@x/v1", "holds a password; give the key by --api-key."),
    ],
)
def test_base_urls_that_cannot_be(url: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)) as caught:
        resolve({"base_url": url}, {})
    assert str(caught.value).startswith("--base-url: ")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("::1", True),
        ("ollama", True),
        ("box.local", True),
        ("8.8.8.8", False),
        ("api.example.com", False),
    ],
)
def test_local_hosts(host: str, local: bool) -> None:
    assert is_local(host) is local
