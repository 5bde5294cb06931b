"""The configuration file: TOML with known keys only, every key optional, keys by environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.profile import did_you_mean, read_toml

KEY_NAMES = ("api", "second", "limited", "revoked", "no_quota", "forbidden")
LIMIT_NAMES: Mapping[str, type] = {
    "concurrency": int,
    "requests_per_minute": float,
    "max_requests": int,
    "max_tokens": int,
    "max_cost": float,
    "max_seconds": float,
    "timeout_s": float,
    "connect_timeout_s": float,
    "max_response_bytes": int,
}
LEVELS = ("must", "should")
TIERS = ("smoke", "standard", "full")

_TOP: Mapping[str, type] = {
    "base_url": str,
    "profile": str,
    "name": str,
    "version": str,
    "limited_rpm": float,
    "limited_window_s": float,
    "idempotency_expiry_s": float,
    "account_tier": str,
    "webhook_url": str,
    "webhook_listen": str,
    "drivers": list,
    "level": str,
    "tier": str,
    "fuzz": bool,
    "known_failures": str,
    "out": str,
    "seed": int,
    "keys": dict,
    "models": dict,
    "limits": dict,
}
_WORDS = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list of strings",
    dict: "a table",
}


def read_config(path: Path) -> dict[str, Any]:
    """The file as data of known keys and right types. Raises UsageError.

    Keys stay as they are written, also ``{ env = "NAME" }``; paths become relative to the file.
    """
    data = read_toml(path, "configuration")
    file = str(path)
    _only(file, "", data, _TOP)
    for name, value in data.items():
        typed(file, name, value, _TOP[name])
    for choice, allowed in (("level", LEVELS), ("tier", TIERS)):
        if choice in data:
            one_of(file, choice, data[choice], allowed)
    if not all(isinstance(word, str) for word in data.get("drivers", ())):
        raise UsageError(f"{file}: drivers wants a list of strings, such as ['http'].")
    _keys(file, data.get("keys", {}))
    for kind, model in data.get("models", {}).items():
        typed(file, f"models.{kind}", model, str)
    limits = data.get("limits", {})
    _only(file, "limits.", limits, LIMIT_NAMES)
    for name, value in limits.items():
        positive(file, f"limits.{name}", typed(file, f"limits.{name}", value, LIMIT_NAMES[name]))
    for name in ("limited_rpm", "limited_window_s", "idempotency_expiry_s"):
        if name in data:
            positive(file, name, data[name])
    for name in ("known_failures", "out"):
        if name in data:
            data[name] = str(path.parent / data[name])
    if str(data.get("profile", "")).endswith(".toml"):
        data["profile"] = str(path.parent / data["profile"])
    return data


def _keys(file: str, keys: Mapping[str, Any]) -> None:
    _only(file, "keys.", keys, KEY_NAMES)
    for name, value in keys.items():
        by_name = isinstance(value, dict) and set(value) == {"env"}
        if not isinstance(value["env"] if by_name else value, str):
            raise UsageError(
                f'{file}: keys.{name} wants a string or {{ env = "NAME" }}; correct it.'
            )


def _only(file: str, prefix: str, table: Mapping[str, Any], known: Any) -> None:
    for name in table:
        if name not in known:
            raise UsageError(f"{file}: unknown key {prefix + name!r}{did_you_mean(name, known)}")


def typed(where: str, name: str, value: Any, kind: type) -> Any:
    """The value when it has that type (a whole number is a number too). Raises UsageError."""
    wanted: Any = (int, float) if kind is float else kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{where}: {name} wants {_WORDS[kind]}, not {value!r}.")
    return value


def positive(where: str, name: str, value: Any) -> Any:
    """The value when it is above zero. Raises UsageError."""
    if not 0 < value < float("inf"):
        raise UsageError(f"{where}: {name} wants a number above 0, not {value!r}.")
    return value


def one_of(where: str, name: str, value: str, allowed: tuple[str, ...]) -> str:
    """The value when it is one of those. Raises UsageError."""
    if value not in allowed:
        raise UsageError(f"{where}: {name} wants {' or '.join(allowed)}, not {value!r}.")
    return value


def number(where: str, name: str, text: str, kind: type) -> Any:
    """A number out of an environment variable. Raises UsageError."""
    try:
        return kind(text)
    except ValueError as error:
        raise UsageError(f"{where}: {name} wants {_WORDS[kind]}, not {text!r}.") from error
