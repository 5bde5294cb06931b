"""What the environment says: ``CONFORMANCE_*``, and each provider's own pair of variables."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from conformance.config_file import KEY_NAMES, LEVELS, LIMIT_NAMES, TIERS, number, one_of, positive
from conformance.errors import UsageError
from conformance.profile import Profile, load_profile, profile_names

PREFIX = "CONFORMANCE_"
OPENAI_URL, OPENAI_KEY = "OPENAI_BASE_URL", "OPENAI_API_KEY"
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def overrides(environ: Mapping[str, str]) -> dict[str, Any]:
    """The ``CONFORMANCE_*`` variables in the form of the configuration file. Raises UsageError.

    A variable that looks like a misspelt one is an error; a foreign one is left alone.
    """
    found: dict[str, Any] = {}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or not text.strip():
            continue
        read = _READERS.get(variable)
        if read is None:
            near = difflib.get_close_matches(variable, _READERS, n=1, cutoff=0.85)
            if near:
                raise UsageError(f"{variable} is not known; did you mean {near[0]}?")
            continue
        table, name, value = read(variable, text.strip())
        if table:
            found.setdefault(table, {})[name] = value
        else:
            found[name] = value
    return found


_Reader = Callable[[str, str], tuple[str, str, Any]]


def _plain(name: str) -> _Reader:
    return lambda variable, text: ("", name, text)


def _choice(name: str, allowed: tuple[str, ...]) -> _Reader:
    return lambda variable, text: ("", name, one_of("the environment", variable, text, allowed))


def _number(name: str, kind: type, table: str = "") -> _Reader:
    def read(variable: str, text: str) -> tuple[str, str, Any]:
        value = number("the environment", variable, text, kind)
        if name != "seed":
            positive("the environment", variable, value)
        return table, name, value

    return read


def _flag(name: str) -> _Reader:
    def read(variable: str, text: str) -> tuple[str, str, Any]:
        if text.lower() not in _TRUE + _FALSE:
            raise UsageError(f"the environment: {variable} wants true or false, not {text!r}.")
        return "", name, text.lower() in _TRUE

    return read


def _key(name: str) -> _Reader:
    return lambda variable, text: ("keys", name, text)


def _drivers(variable: str, text: str) -> tuple[str, str, Any]:
    return "", "drivers", [word.strip() for word in text.split(",") if word.strip()]


_MODEL_KINDS = (
    "chat",
    "embedding",
    "moderation",
    "rerank",
    "unknown",
    "completion",
    "reasoning",
    "speech",
    "transcription",
    "image",
    "realtime",
)


_OF_ACCOUNT = ("account_tier", "webhook_url", "webhook_listen")


def _readers() -> dict[str, _Reader]:
    names: dict[str, _Reader] = {
        name: _plain(name)
        for name in ("base_url", "profile", "name", "known_failures", "out", *_OF_ACCOUNT)
    }
    names["target_name"], names["target_version"] = _plain("name"), _plain("version")
    names["config"] = lambda variable, text: ("", "config", text)
    names["level"], names["tier"] = _choice("level", LEVELS), _choice("tier", TIERS)
    names["drivers"], names["fuzz"], names["seed"] = _drivers, _flag("fuzz"), _number("seed", int)
    for name in ("limited_rpm", "limited_window_s", "idempotency_expiry_s"):
        names[name] = _number(name, float)
    for name, kind in LIMIT_NAMES.items():
        names[name] = _number(name, kind, "limits")
    names["rpm"], names["timeout"] = names["requests_per_minute"], names["timeout_s"]
    for name in KEY_NAMES:
        names[f"{name}_key"] = _key(name)
    for model in _MODEL_KINDS:
        names[f"model_{model}"] = _model(model)
    return {PREFIX + name.upper(): reader for name, reader in names.items()}


def _model(kind: str) -> _Reader:
    return lambda variable, text: ("models", kind, text)


_READERS = _readers()


def provider_of(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The profile whose own pair of variables is set, when there is one pair. Raises UsageError."""
    pairs: dict[str, tuple[str, str]] = {}
    for name in profile_names():
        own = load_profile(name).environment
        if own.key in ("", OPENAI_KEY) or not (environ.get(own.key) and environ.get(own.base_url)):
            continue
        pairs[name] = (own.base_url, environ[own.base_url].rstrip("/"))
    if not pairs:
        return None
    urls = {url for _, url in pairs.values()}
    if environ.get(OPENAI_URL):
        urls.add(environ[OPENAI_URL].rstrip("/"))
    if len(urls) > 1 or len(pairs) > 1:
        variables = [variable for variable, _ in pairs.values()]
        if environ.get(OPENAI_URL):
            variables.append(OPENAI_URL)
        raise UsageError(f"{' and '.join(variables)} are set; choose one by --profile.")
    ((name, (variable, _)),) = pairs.items()
    return name, variable


def base_url(environ: Mapping[str, str], profile: Profile | None) -> tuple[str, str] | None:
    """The base URL of the profile's own variable, else of OpenAI's, with the variable's name."""
    own = profile.environment.base_url if profile is not None else ""
    for variable in (own, OPENAI_URL):
        if variable and environ.get(variable):
            return environ[variable], variable
    return None


def api_key(
    environ: Mapping[str, str], profile: Profile, url_source: str
) -> tuple[str, str] | None:
    """The key of the environment, with the variable's name.

    OpenAI's key is not sent to an address that only the profile names.
    """
    own = profile.environment.key
    order = [own, OPENAI_KEY]
    if url_source == OPENAI_URL:
        order = [OPENAI_KEY, own]
    for variable in order:
        if variable == OPENAI_KEY and own != OPENAI_KEY and url_source.startswith("profile "):
            continue
        if variable and environ.get(variable, "").strip():
            return environ[variable].strip(), variable
    return None
