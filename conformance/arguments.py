"""The options of a run, shared by the command line and by plain pytest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--config", {"metavar": "FILE", "help": "settings in TOML; `run` takes several"}),
    ("--base-url", {"metavar": "URL", "help": "the target, ending in /v1 as the SDKs take it"}),
    (
        "--api-key",
        {"metavar": "KEY", "help": "the key, or env:NAME, or file:PATH to keep it off the line"},
    ),
    ("--profile", {"metavar": "NAME", "help": "what the provider claims: a name or a TOML file"}),
    (
        "--model",
        {"action": "append", "metavar": "KIND=ID", "help": "chat=..., embedding=..., repeatable"},
    ),
    (
        "--account-tier",
        {"metavar": "NAME", "help": "the tier of the profile that the key belongs to"},
    ),
    (
        "--webhook-url",
        {"metavar": "URL", "help": "where the target finds this run's receiver of webhooks"},
    ),
    (
        "--webhook-listen",
        {"metavar": "HOST:PORT", "help": "where that listens (default 127.0.0.1, any free port)"},
    ),
    ("--target-name", {"metavar": "NAME", "help": "how reports call the target"}),
    ("--target-version", {"metavar": "V", "help": "its version, as the matrix shows it"}),
    (
        "--driver",
        {"action": "append", "metavar": "NAME", "help": "http, python-sdk, ...; repeatable"},
    ),
    ("--level", {"choices": ("must", "should"), "help": "what makes the run fail (default must)"}),
    ("--tier", {"choices": ("smoke", "standard", "full"), "help": "how much (default standard)"}),
    ("--shard", {"metavar": "K/N", "help": "judge share K of N; `conformance merge` joins them"}),
    ("--no-fuzz", {"action": "store_true", "default": None, "help": "leave fuzzing out"}),
    ("--known-failures", {"metavar": "FILE", "help": "expected violations, in TOML"}),
    ("--max-requests", {"type": int, "metavar": "N", "help": "send no more than N requests"}),
    ("--max-tokens", {"type": int, "metavar": "N", "help": "use no more than N tokens"}),
    ("--max-cost", {"type": float, "metavar": "USD", "help": "by the profile's prices"}),
    ("--max-seconds", {"type": float, "metavar": "S", "help": "send nothing after S seconds"}),
    ("--concurrency", {"type": int, "metavar": "N", "help": "requests at once (default 8)"}),
    ("--rpm", {"type": float, "metavar": "N", "help": "requests per minute"}),
    ("--timeout", {"type": float, "metavar": "S", "help": "for one request (default 60)"}),
    ("--out", {"metavar": "DIR", "help": "where the run's files go (default conformance-report)"}),
    ("--resume", {"metavar": "DIR", "help": "go on with a run; what it sent is not sent again"}),
    ("--seed", {"type": int, "metavar": "N", "help": "for nonces and fuzzing"}),
)


def words_of(given: Mapping[str, Any]) -> list[str]:
    """Options that were read, as words of a command line again."""
    words: list[str] = []
    for flag, settings in OPTIONS:
        value = given.get(flag.lstrip("-").replace("-", "_"))
        if value is None:
            continue
        if settings.get("action") == "store_true":
            words.append(flag)
        else:
            several = value if isinstance(value, list) else [value]
            words += [f"{flag}={one}" for one in several]
    return words
