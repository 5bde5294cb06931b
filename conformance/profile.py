"""What a provider claims: its documents, models, capabilities, header names, prices and claims.

A profile is one TOML file. Those of the suite lie in ``conformance/profiles``; anybody's own is
given by its path. ``schemas/suite/profile.schema.json`` says what may stand in it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from conformance.capability import Claim
from conformance.errors import UsageError

SCHEMA = "suite/profile.schema"
_FOLDER = Path(__file__).resolve().parent / "profiles"


@dataclass(frozen=True)
class Document:
    """A page of the provider's documents, by the short name that claims use."""

    id: str
    title: str
    url: str = ""


@dataclass(frozen=True)
class Environment:
    """The names of the environment variables that hold the base URL and the key."""

    base_url: str = ""
    key: str = ""


@dataclass(frozen=True)
class Headers:
    """Names of the headers by which the provider says what OpenAI says by its own.

    ``rate_limit``: ``limit_requests``, ``remaining_requests``, ``reset_requests`` and the same of
    tokens, each with a header name. ``every_answer``: errors carry them too.
    """

    request_id: str = ""
    processing_ms: str = ""
    rate_limit: Mapping[str, str] = field(default_factory=dict)
    every_answer: bool = False


@dataclass(frozen=True)
class Tier:
    """What one kind of account may use in a minute; None where the document gives no number."""

    name: str
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens of a model, or of every model of a kind."""

    input: float
    output: float
    model: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Bounds:
    """The range and the default of a request parameter."""

    minimum: float | None = None
    maximum: float | None = None
    default: float | None = None


@dataclass(frozen=True)
class ClaimRow:
    """One sentence of a document, and what decides it.

    ``requirements``: ids, or beginnings of ids at a dot. ``drivers``: the claim speaks of these
    alone, and each must have shown it. ``unclaimed``: the document says "not supported".
    ``uncheckable``: why nothing outside the provider can decide it. ``remark``: what the documents
    themselves contradict. ``within``: wider claims of the same page, which fall with this one.
    ``measures``: what the report states beside the claim: first_token or assistant_status.
    """

    id: str
    sentence: str
    document: str = ""
    place: str = ""
    capabilities: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    unclaimed: bool = False
    uncheckable: str = ""
    remark: str = ""
    within: tuple[str, ...] = ()
    measures: str = ""


@dataclass(frozen=True)
class Contradiction:
    """What a page says against itself, against another page, or against its own examples."""

    document: str
    says: str
    place: str = ""


@dataclass(frozen=True)
class Divergence:
    """A requirement that the provider's own documents contradict, and how."""

    requirement: str
    reason: str


@dataclass(frozen=True)
class Profile:
    """A provider as its documents describe it."""

    name: str
    title: str
    documents: tuple[Document, ...] = ()
    base_url: str = ""
    environment: Environment = field(default_factory=Environment)
    key_pattern: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    documented_models: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    refused_models: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    capabilities: Mapping[str, Claim] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)
    tiers: tuple[Tier, ...] = ()
    prices: tuple[Price, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, Bounds] = field(default_factory=dict)
    dialect: str = "openai"
    drivers: tuple[str, ...] = ()
    first_token_ms: tuple[float, float] | None = None
    idempotency_expiry_s: float | None = None
    claims: tuple[ClaimRow, ...] = ()
    divergences: tuple[Divergence, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()

    def tier(self, name: str) -> Tier:
        """The tier of that name. Raises UsageError."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        known = ", ".join(tier.name for tier in self.tiers) or "none"
        raise UsageError(f"profile {self.name} has no tier {name!r}; it has: {known}.")

    def claim(self, capability: str) -> Claim:
        """What it says of a capability; unknown where it says nothing."""
        return self.capabilities.get(capability, Claim.UNKNOWN)

    def document(self, name: str) -> Document | None:
        """The page of that short name."""
        return next((page for page in self.documents if page.id == name), None)

    def applies(self, capability: str) -> bool:
        """Whether requirements that need a capability are asked of this provider.

        A capability of one provider alone (its first word is a profile's name) must be claimed.
        """
        return not of_one_provider(capability) or self.claim(capability) is Claim.CLAIMED

    @property
    def contradictions_told(self) -> list[str]:
        """What the pages contradict, a line each."""
        lines = []
        for row in self.contradictions:
            page = self.document(row.document)
            where = ", ".join(word for word in (page.title if page else "", row.place) if word)
            lines.append(f"{where}: {row.says}")
        return lines

    @property
    def claims_of_capabilities(self) -> Mapping[str, Claim]:
        """What is claimed, refused or left open, by capability."""
        return self.capabilities


def of_one_provider(capability: str) -> bool:
    """Whether a capability is one that a single provider's pages describe."""
    return capability.split(".")[0] in profile_names()


@cache
def profile_names() -> tuple[str, ...]:
    """The profiles that the suite carries."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_profile(name_or_path: str | Path) -> Profile:
    """A profile of the suite by name, or anybody's by path. Raises UsageError.

    A word with a slash or ``.toml`` is a path.
    """
    word = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in word or "\\" in word or word.endswith(".toml"):
        return _load(Path(word))
    if word not in profile_names():
        raise UsageError(f"no profile is called {word!r}{did_you_mean(word, profile_names())}")
    return _named(word)


@cache
def _named(name: str) -> Profile:
    return _load(_FOLDER / f"{name}.toml")


def check_profile(path: Path) -> list[str]:
    """Everything that is wrong with a profile file, one sentence each; empty when it is valid."""
    try:
        data = read_toml(path, "profile")
    except UsageError as error:
        return [str(error)]
    problems = _schema_problems(data, path.name)
    return problems or _meaning_problems(data, path.name)


def _load(path: Path) -> Profile:
    data = read_toml(path, "profile")
    problems = _schema_problems(data, path.name) or _meaning_problems(data, path.name)
    if problems:
        more = f" ({len(problems) - 1} more: `conformance profiles check {path}`)"
        raise UsageError(problems[0] + (more if len(problems) > 1 else ""))
    return build(data)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """A TOML file as data. Raises UsageError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"the {what} {path} cannot be read ({error.strerror}); give the path of a TOML file."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the {what} {path} is not UTF-8; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the {what} {path} is not valid TOML: {error}; correct it.") from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or all that is known, as the end of a sentence."""
    listed = sorted(known)
    near = difflib.get_close_matches(word, listed, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(listed)}."


def _schema_problems(data: Mapping[str, Any], file: str) -> list[str]:
    from jsonschema.exceptions import ValidationError

    from conformance import schemas

    def sentence(error: ValidationError) -> str:
        schema: Any = error.schema
        wants: Any = error.validator_value
        place = _place(error.absolute_path)
        at = f" at {place}" if place else ""
        if error.validator == "additionalProperties":
            instance: Any = error.instance
            known = list(schema.get("properties", ()))
            unknown = sorted(set(instance) - set(known))
            return f"{file}: unknown key {unknown[0]!r}{at}{did_you_mean(unknown[0], known)}"
        if error.validator == "required":
            table: Any = error.instance
            missing = next(key for key in wants if key not in table)
            return f"{file}: {missing!r} is missing{at}; add it."
        hint = schema.get("description", "")
        wanted = {"type": f"wants a {wants}"}.get(str(error.validator), hint or error.message)
        return f"{file}: {error.instance!r}{at}: {wanted}."

    found = schemas.validator(SCHEMA).iter_errors(data)
    return [sentence(error) for error in sorted(found, key=lambda e: list(map(str, e.path)))]


def _place(path: Iterable[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _meaning_problems(data: Mapping[str, Any], file: str) -> list[str]:
    """What a schema cannot say."""
    problems: list[str] = []
    try:
        re.compile(data.get("key_pattern", ""))
    except re.error as error:
        problems.append(f"{file}: key_pattern is not a regular expression: {error}; correct it.")
    stated: dict[str, str] = {}
    for claim, names in data.get("capabilities", {}).items():
        for name in names:
            if name in stated:
                problems.append(
                    f"{file}: {name!r} stands in capabilities.{stated[name]} and "
                    f"capabilities.{claim}; keep one."
                )
            stated[name] = claim
    pages = {page["id"] for page in data.get("documents", ())}
    seen: set[str] = set()
    for row in data.get("claims", ()):
        name = row["id"]
        if name in seen:
            problems.append(f"{file}: two claims are called {name!r}; rename one.")
        seen.add(name)
        page = row.get("document", "")
        if page and page not in pages:
            problems.append(f"{file}: claim {name}: document {page!r}{did_you_mean(page, pages)}")
        decided = bool(row.get("requirements") or row.get("capabilities"))
        if decided == bool(row.get("uncheckable")):
            problems.append(
                f"{file}: claim {name} wants either requirements (or capabilities) that decide it, "
                "or `uncheckable` with the reason, not both."
            )
        if row.get("unclaimed") and not row.get("capabilities"):
            problems.append(f"{file}: claim {name} is unclaimed; name its capabilities.")
    for row in data.get("contradictions", ()):
        if row["document"] not in pages:
            page = row["document"]
            problems.append(f"{file}: a contradiction of {page!r}{did_you_mean(page, pages)}")
    for row in data.get("claims", ()):
        for wider in row.get("within", ()):
            if wider not in seen:
                problems.append(
                    f"{file}: claim {row['id']}: within {wider!r}{did_you_mean(wider, seen)}"
                )
    return problems


def build(data: Mapping[str, Any]) -> Profile:
    """A profile from valid data."""
    plain = {
        key: data[key]
        for key in (
            "name",
            "title",
            "base_url",
            "key_pattern",
            "dialect",
            "idempotency_expiry_s",
        )
        if key in data
    }
    capabilities = {
        name: Claim(claim)
        for claim, names in data.get("capabilities", {}).items()
        for name in names
    }
    first = data.get("first_token_ms")
    return Profile(
        **plain,
        documents=tuple(Document(**page) for page in data.get("documents", ())),
        environment=Environment(**data.get("environment", {})),
        models=data.get("models", {}),
        documented_models=tuple(data.get("documented_models", ())),
        aliases=data.get("aliases", {}),
        refused_models=tuple(data.get("refused_models", ())),
        endpoints=tuple(data.get("endpoints", ())),
        capabilities=capabilities,
        headers=Headers(**data.get("headers", {})),
        tiers=tuple(Tier(name, **tier) for name, tier in data.get("tiers", {}).items()),
        prices=tuple(Price(**price) for price in data.get("prices", ())),
        limits=data.get("limits", {}),
        parameters={k: Bounds(**v) for k, v in data.get("parameters", {}).items()},
        drivers=tuple(data.get("drivers", ())),
        first_token_ms=(first[0], first[1]) if first else None,
        claims=tuple(_row(row) for row in data.get("claims", ())),
        divergences=tuple(Divergence(**row) for row in data.get("divergences", ())),
        contradictions=tuple(Contradiction(**row) for row in data.get("contradictions", ())),
    )


def _row(row: Mapping[str, Any]) -> ClaimRow:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return ClaimRow(**fields)
