"""One answer to "with which settings": flag before environment before file before profile."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from conformance import environment
from conformance.account import WEBHOOK, account_of, of_account
from conformance.config_file import (
    LEVELS,
    LIMIT_NAMES,
    TIERS,
    one_of,
    positive,
    read_config,
    typed,
)
from conformance.errors import UsageError
from conformance.profile import Profile, did_you_mean, load_profile
from conformance.target import Limits, Target, is_local

EMBEDDED = "embedded"
"""A base URL of this word means the embedded provider, whatever the environment says."""

EMBEDDED_URL = "http://embedded.invalid/v1"
DEFAULT_DRIVERS = ("http", "python-sdk", "python-sdk-async")
DRIVERS = ("http", "python-sdk", "python-sdk-async", "node-sdk")
_DEFAULTS: Mapping[str, Any] = {"level": "must", "tier": "standard", "fuzz": True, "seed": 0}
_FLAG_OF_LIMIT = {"requests_per_minute": "rpm", "timeout_s": "timeout"}
_OF_TARGET = {"name": "target_name", "version": "target_version"}
_PLAIN_FLAGS = ("base_url", "profile", "level", "tier", "known_failures", "out", "seed")
_ENDPOINTS = ("/chat/completions", "/completions", "/embeddings", "/models", "/responses")


@dataclass(frozen=True)
class Settings:
    """What a run is told.

    ``embedded``: no target was given, the caller starts the embedded provider and puts its address
    into ``target``. ``account_tier``: which of the profile's tiers the key belongs to. ``sources``:
    where each setting came from. ``notes``: what the user should know before the first request.
    """

    target: Target
    profile: Profile
    drivers: tuple[str, ...] = DEFAULT_DRIVERS
    level: Literal["must", "should"] = "must"
    tier: str = "standard"
    fuzz: bool = True
    known_failures: Path | None = None
    out: Path | None = None
    seed: int = 0
    embedded: bool = False
    account_tier: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Layers:
    """The places of a setting, strongest first, each with the words that name it."""

    layers: tuple[tuple[str, Mapping[str, Any]], ...]

    def all(self, name: str) -> Iterator[tuple[Any, str]]:
        """The values of a setting with where each comes from."""
        for source, values in self.layers:
            if values.get(name) is not None:
                yield values[name], source.format(flag=_flag(name), variable=_variable(name))

    def find(self, name: str) -> tuple[Any, str] | None:
        return next(self.all(name), None)

    def merged(self, table: str, sources: dict[str, str]) -> dict[str, Any]:
        """The entries of a table, each from the strongest layer that has it."""
        found: dict[str, Any] = {}
        for source, values in self.layers:
            for name, value in (values.get(table) or {}).items():
                if name in found:
                    continue
                found[name] = value
                label = {"keys": f"{name}_key", "models": f"model_{name}"}.get(table, name)
                flag = "--model" if table == "models" else _flag(label)
                sources[f"{table}.{name}"] = source.format(flag=flag, variable=_variable(label))
        return found


def _flag(name: str) -> str:
    named = {**_FLAG_OF_LIMIT, **_OF_TARGET, "drivers": "driver", "fuzz": "no_fuzz"}
    flag = named.get(name, name)
    return "--" + flag.replace("_", "-")


def _variable(name: str) -> str:
    return environment.PREFIX + _OF_TARGET.get(name, name).upper()


def resolve(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    config: Path | None = None,
    profile_name: str | None = None,
) -> Settings:
    """The settings of a run.

    ``options``: the command line's, by name; None where a flag was not given. ``profile_name`` is
    the default when nothing else names a profile. Raises UsageError with what to do.
    """
    flags = _flags(options)
    file = read_config(config) if config is not None else {}
    env = environment.overrides(environ)
    layers = _Layers((("{flag}", flags), ("{variable}", env), (f"file {config}", file)))
    sources: dict[str, str] = {}

    profile = _profile(layers, environ, profile_name, sources)
    base = _base_url(layers, environ, profile, flags, file, sources)
    embedded = base is None
    if profile is None:
        profile = load_profile("reference" if embedded else "discover")
        sources["profile"] = "default"
    last = _Layers((*layers.layers, (f"profile {profile.name}", _profile_layer(profile))))
    own = embedded_target(profile) if embedded else None
    keys = own.keys if own is not None else _keys(last, environ, profile, sources)
    if own is not None:
        models = {**own.models, **layers.merged("models", sources)}
    else:
        models = last.merged("models", sources)
    target = Target(
        base_url=base or EMBEDDED_URL,
        keys=keys,
        models=models,
        limits=Limits(**last.merged("limits", sources)),
        limited_rpm=_scalar(last, "limited_rpm", sources),
        limited_window_s=_scalar(last, "limited_window_s", sources),
        idempotency_expiry_s=_scalar(last, "idempotency_expiry_s", sources),
        name=_scalar(last, "name", sources) or "",
        version=_scalar(last, "version", sources) or "",
    )
    if own is not None:
        target = replace(
            target,
            limited_rpm=own.limited_rpm,
            limited_window_s=own.limited_window_s,
            name="embedded provider",
        )
    known, out = (_scalar(last, name, sources) for name in ("known_failures", "out"))
    tier = _scalar(last, "account_tier", sources) or ""
    if own is not None and own.account is not None:
        tier = tier or own.account.tier
    webhook = {
        name: (_scalar(last, name, sources) or "", sources.get(name, "")) for name in WEBHOOK
    }
    target = of_account(target, profile, tier, webhook, paced=own is None)
    return Settings(
        target=target,
        profile=profile,
        drivers=_drivers(last, sources),
        level=_scalar(last, "level", sources),
        tier=_scalar(last, "tier", sources),
        fuzz=_scalar(last, "fuzz", sources),
        known_failures=Path(known) if known else None,
        out=Path(out) if out else None,
        seed=_scalar(last, "seed", sources),
        embedded=embedded,
        account_tier=tier,
        sources=sources,
        notes=tuple(_notes(target, profile, embedded)),
    )


def embedded_target(profile: Profile) -> Target:
    """The embedded provider as a target: its keys and models when it serves that profile."""
    from conformance.reference.dialects import provider

    served = provider(profile.name)
    return Target(
        EMBEDDED_URL,
        served.keys,
        served.models,
        limited_rpm=served.limited_rpm,
        limited_window_s=served.limited_window_s,
        account=account_of(profile, served.tier),
    )


def _flags(options: Mapping[str, Any]) -> dict[str, Any]:
    """The command line in the form of the file."""
    given = {name: value for name, value in options.items() if value is not None}
    flags: dict[str, Any] = {
        name: given[name] for name in (*_PLAIN_FLAGS, "account_tier", *WEBHOOK) if name in given
    }
    flags.update({name: given[flag] for name, flag in _OF_TARGET.items() if flag in given})
    for name, allowed in (("level", LEVELS), ("tier", TIERS)):
        if name in flags:
            one_of("the command line", f"--{name}", flags[name], allowed)
    if given.get("no_fuzz"):
        flags["fuzz"] = False
    if given.get("driver"):
        flags["drivers"] = list(given["driver"])
    if given.get("model"):
        flags["models"] = dict(model_pair(word) for word in given["model"])
    if "api_key" in given:
        flags["keys"] = {"api": given["api_key"]}
    limits = {}
    for name, kind in LIMIT_NAMES.items():
        flag = _FLAG_OF_LIMIT.get(name, name)
        if flag in given:
            words = "--" + flag.replace("_", "-")
            value = typed("the command line", words, given[flag], kind)
            limits[name] = positive("the command line", words, value)
    if limits:
        flags["limits"] = limits
    return flags


def model_pair(word: str) -> tuple[str, str]:
    """``chat=gpt-4o`` as a pair. Raises UsageError."""
    kind, equals, model = word.partition("=")
    if not (kind and equals and model):
        raise UsageError(f"--model wants KIND=ID, such as chat=gpt-4o-mini, not {word!r}.")
    return kind, model


def _profile_layer(profile: Profile) -> dict[str, Any]:
    return {
        "models": profile.models,
        "limits": {name: LIMIT_NAMES[name](value) for name, value in profile.limits.items()},
        "drivers": list(profile.drivers) or None,
        "idempotency_expiry_s": profile.idempotency_expiry_s,
    }


def _profile(
    layers: _Layers, environ: Mapping[str, str], default: str | None, sources: dict[str, str]
) -> Profile | None:
    found = layers.find("profile")
    if found is None and default:
        found = (default, "default")
    if found is None and layers.find("base_url") is None:
        found = environment.provider_of(environ)
    if found is None:
        return None
    sources["profile"] = found[1]
    return load_profile(found[0])


def _base_url(
    layers: _Layers,
    environ: Mapping[str, str],
    profile: Profile | None,
    flags: Mapping[str, Any],
    file: Mapping[str, Any],
    sources: dict[str, str],
) -> str | None:
    """The target's address, or None for the embedded provider."""
    found = next(layers.all("base_url"), None)
    if found is None or found[1].startswith("file "):
        # the providers' own variables are environment: stronger than the file
        found = environment.base_url(environ, profile) or found
    if found is None and profile is not None and profile.base_url:
        given = "keys" in flags or "api" in file.get("keys", {})
        if given or environ.get(profile.environment.key or " "):
            found = (profile.base_url, f"profile {profile.name}")
    if found is None or found[0] == EMBEDDED:
        sources["base_url"] = found[1] if found else "default: the embedded provider"
        return None
    sources["base_url"] = found[1]
    return base_url(found[0], found[1])


def base_url(text: str, source: str) -> str:
    """A usable base URL without a slash at its end. Raises UsageError."""
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises when it is not a number
    except ValueError as error:
        raise UsageError(f"{source}: {text!r} is not a URL ({error}); correct it.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        local = url.partition(":")[0] in ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104
        guess = f"{'http' if local else 'https'}://{url.partition('://')[2] or url}"
        raise UsageError(
            f"{source}: the base URL {text!r} has no http:// or https://; did you mean {guess!r}?"
        )
    for endpoint in _ENDPOINTS:
        if parts.path.endswith(endpoint):
            short = url[: -len(endpoint)]
            raise UsageError(
                f"{source}: the base URL ends in {endpoint}, which the suite adds itself; "
                f"give {short!r}."
            )
    if parts.query or parts.fragment:
        raise UsageError(
            f"{source}: the base URL has a query or fragment; give it without, and keys by "
            "--api-key."
        )
    if parts.username or parts.password:
        raise UsageError(f"{source}: the base URL holds a password; give the key by --api-key.")
    return url


def _keys(
    layers: _Layers, environ: Mapping[str, str], profile: Profile, sources: dict[str, str]
) -> dict[str, str]:
    written = layers.merged("keys", sources)
    keys = {
        name: secret(value, environ, f"the key {name!r} ({sources[f'keys.{name}']})")
        for name, value in written.items()
    }
    source = sources.get("keys.api", "")
    # a key and an address that one file names belong together
    if not source or (source.startswith("file ") and source != sources["base_url"]):
        found = environment.api_key(environ, profile, sources["base_url"])
        if found is not None:
            keys["api"], sources["keys.api"] = found
    return keys


def secret(value: Any, environ: Mapping[str, str], where: str) -> str:
    """A key itself: a string, ``env:NAME``, ``file:PATH`` or ``{ env = "NAME" }``.

    Raises UsageError; the message never holds a key.
    """
    name = value["env"] if isinstance(value, Mapping) else ""
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
    if name:
        found = environ.get(name, "").strip()
        if not found:
            raise UsageError(f"{where}: the environment variable {name} is not set; export it.")
        return found
    if isinstance(value, str) and value.startswith("file:"):
        path = Path(os.path.expanduser(value.removeprefix("file:")))
        try:
            found = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{where}: {path} cannot be read; put the key into it.") from error
        if not found:
            raise UsageError(f"{where}: {path} is empty; put the key into it.")
        return found
    text = str(value).strip()
    if not text:
        raise UsageError(f"{where}: the key is empty; give one, or leave the setting out.")
    if not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
        raise UsageError(f"{where}: the key holds spaces or signs that no header takes.")
    return text


def _scalar(layers: _Layers, name: str, sources: dict[str, str]) -> Any:
    found = layers.find(name)
    if found is None:
        return _DEFAULTS.get(name)
    sources[name] = found[1]
    return found[0]


def _drivers(layers: _Layers, sources: dict[str, str]) -> tuple[str, ...]:
    found = _scalar(layers, "drivers", sources) or list(DEFAULT_DRIVERS)
    for name in found:
        if name not in DRIVERS:
            raise UsageError(
                f"{sources['drivers']}: no driver is called {name!r}{did_you_mean(name, DRIVERS)}"
            )
    return tuple(dict.fromkeys(found))


def _notes(target: Target, profile: Profile, embedded: bool) -> Iterator[str]:
    if embedded:
        return
    host = urlsplit(target.base_url).hostname or ""
    if target.base_url.startswith("http://") and not is_local(host):
        yield (
            f"{target.base_url} is a public host without TLS: the key and every prompt travel "
            "readable; use https:// if it has it."
        )
    if not target.keys.get("api"):
        yield "no key is configured: requests go without an Authorization header."
    elif not re.search(profile.key_pattern, target.keys["api"]):
        yield f"the key does not look like a key of {profile.title} ({profile.key_pattern})."
