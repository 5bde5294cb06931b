"""Keeps keys out of everything that is written or printed: by their value, wherever it occurs.

Never by words that look secret: ``total_tokens`` must survive. A replacement is as long as what it
replaces, so that byte counts and chunk boundaries of a recording stay true.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

SHORTEST = 4
"""Shorter keys are not replaced: they would blot out ordinary text."""

_SHORT, _KEPT = 256, 20_000
"""Characters of a text whose replacement is remembered, and how many texts are."""


class Redactor:
    """Replaces the values of keys, also in the encodings in which a target may echo them."""

    def __init__(self, keys: Mapping[str, str] | Iterable[str] = ()) -> None:
        if isinstance(keys, Mapping):
            named = dict(keys)
        else:
            named = {f"key{n}": key for n, key in enumerate(keys)}
        self._named = named
        self._prepare(named)

    def learn(self, name: str, key: str) -> None:
        """Replace one more key from now on."""
        if key not in self._named.values():
            self._named[f"{name} {len(self._named)}" if name in self._named else name] = key
            self._prepare(self._named)

    def _prepare(self, named: Mapping[str, str]) -> None:
        pairs: dict[bytes, bytes] = {}
        for name, key in named.items():
            if len(key) < SHORTEST:
                continue
            for form in _forms(key):
                pairs.setdefault(form, _mask(name, len(form)))
        # longest first, so that a key that contains another is replaced whole
        self._pairs = sorted(pairs.items(), key=lambda pair: -len(pair[0]))
        self._texts = [(a.decode("utf-8", "replace"), b.decode()) for a, b in self._pairs]
        self._clean: dict[str, str] = {}

    def bytes(self, data: bytes) -> bytes:
        for secret, mask in self._pairs:
            if secret in data:
                data = data.replace(secret, mask)
        return data

    def text(self, text: str) -> str:
        if len(text) > _SHORT:
            return self._replaced(text)
        # the same names and values of headers come a thousand times
        found = self._clean.get(text)
        if found is None:
            if len(self._clean) >= _KEPT:
                self._clean.clear()
            found = self._clean[text] = self._replaced(text)
        return found

    def _replaced(self, text: str) -> str:
        for secret, mask in self._texts:
            if secret in text:
                text = text.replace(secret, mask)
        return text

    def value(self, value: Any) -> Any:
        """A JSON-like value with every string in it replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(k)): self.value(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(v) for v in value]
        return value


def _mask(name: str, length: int) -> bytes:
    label = f"[{name} key]".encode()
    return (label + b"*" * length)[:length] if length >= len(label) else b"*" * length


def _forms(key: str) -> set[bytes]:
    raw = key.encode()
    forms = {raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode()}
    forms.add(quote(key, safe="").encode())
    forms.add("".join(f"%{b:02x}" for b in raw).encode())
    forms.add("".join(f"%{b:02X}" for b in raw).encode())
    forms.add(json.dumps(key)[1:-1].encode())
    forms.add("".join(f"\\u{ord(c):04x}" for c in key).encode())
    forms.add("".join(f"&#{ord(c)};" for c in key).encode())
    if len(raw) >= 8:
        # header names come in lower case, some logs in upper case
        forms |= {raw.lower(), raw.upper()}
        # whatever stands before it, one of three alignments of base64 shows the key's middle
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            for shift in range(3):
                whole = encode(b"\0" * shift + raw)
                start = -(-shift * 8 // 6)
                end = (shift + len(raw)) * 8 // 6
                forms.add(whole[start:end])
    return {form for form in forms if len(form) >= SHORTEST}
