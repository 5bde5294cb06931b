"""Authentication: who is refused, how, and what the refusal says."""

from __future__ import annotations

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import (
    MAY,
    MUST,
    SHOULD,
    Case,
    Requirement,
    field,
    live,
    openai,
    requirement,
)
from conformance.select import ANY, Selector, answered

AUTH = openai("authentication")
_RAISES = ("openai-python: no AuthenticationError, so the program does not ask for another key",)


def one(steps: Steps | Exchange, step: str = "") -> Exchange:
    """The exchange of a step. Raises NotApplicable or Inconclusive where it says nothing."""
    if isinstance(steps, Exchange):
        found: Exchange | None = steps
    else:
        found = steps.get(step) if step else (steps.exchanges or (None,))[-1]
    if found is None or found.response is None:
        raise NotApplicable("no answer")
    if found.status == 429:
        raise Inconclusive("the answer was 429", owner="quota")
    return found


def is_401(x: Exchange) -> None:
    require(x.status == 401, "status", "401", status_of(x))


def status_of(x: Exchange) -> str:
    return f"{x.status} {x.response.text[:200] if x.response else ''}"


def _code(x: Exchange, *wanted: str | None) -> None:
    body = x.json
    error = body.get("error") if isinstance(body, dict) else None
    if x.status != 401 or not isinstance(error, dict):
        raise NotApplicable("no error object of status 401")
    if error.get("code") not in wanted:
        fail("error.code", [str(c) for c in wanted], error.get("code"))


@requirement(
    "auth.enforced",
    MUST,
    "A request without a valid key is not served.",
    source=AUTH,
    needs="auth",
    any_status=True,
    breaks=["whoever finds the address uses it on the owner's account"],
)
def test_enforced(auth_gate: Steps) -> None:
    none, wrong = one(auth_gate, "none"), one(auth_gate, "wrong")
    require(not (none.ok and wrong.ok), "status", "401", "served without and with a wrong key")


@requirement(
    "auth.missing-key.status",
    MUST,
    "A request without a key is answered with 401.",
    source=AUTH,
    needs="auth",
    any_status=True,
    breaks=_RAISES,
)
def test_missing(auth_gate: Steps) -> None:
    is_401(one(auth_gate, "none"))


@requirement(
    "auth.missing-key.code",
    MUST,
    "The refusal of a request without a key has the code null or invalid_api_key.",
    source=live("You didn't provide an API key: code null"),
    needs="auth",
    any_status=True,
)
def test_missing_code(auth_gate: Steps) -> None:
    _code(one(auth_gate, "none"), None, "invalid_api_key", "missing_api_key")


@requirement(
    "auth.wrong-key.status",
    MUST,
    "A wrong key is answered with 401.",
    source=live("completions 2024-01 and 2025-01: 401 invalid_api_key"),
    needs="auth",
    any_status=True,
    breaks=_RAISES,
)
def test_wrong(auth_gate: Steps) -> None:
    is_401(one(auth_gate, "wrong"))


@requirement(
    "auth.wrong-key.code",
    MUST,
    "The refusal of a wrong key has the code invalid_api_key.",
    source=live("completions 2024-01 and 2025-01: 401 invalid_api_key"),
    needs="auth",
    any_status=True,
    breaks=["programs that change the key on `invalid_api_key`"],
)
def test_wrong_code(auth_gate: Steps) -> None:
    _code(one(auth_gate, "wrong"), "invalid_api_key")


@requirement(
    "auth.right-key.served",
    MUST,
    "The right key is served after a wrong one was refused.",
    source=AUTH,
    needs="chat",
    any_status=True,
)
def test_right(auth_gate: Steps) -> None:
    x = one(auth_gate, "right")
    require(x.ok, "status", "200", status_of(x))


_FORMS = {
    "basic": ("scheme-basic", "A key under the scheme Basic is refused with 401.", SHOULD),
    "token": ("scheme-token", "A key under another scheme (Token) is refused with 401.", SHOULD),
    "bare": ("scheme-missing", "A key without a scheme is refused with 401.", SHOULD),
    "empty": ("empty-bearer", "An empty bearer token is refused with 401.", MUST),
    "query": ("query-key", "A wrong key in the query is refused with 401.", MUST),
    "prefix": ("key-cut", "A key without its last sign is refused with 401.", MUST),
    "suffix": ("key-longer", "A key with a sign more is refused with 401.", MUST),
    "case": ("key-case", "A key with its letters in the other case is refused with 401.", MUST),
    "stream": ("stream", "A wrong key is refused with 401 when a stream is asked for.", MUST),
    "invalid": ("before-body", "A wrong key is refused with 401 whatever the body is.", MAY),
    "model": ("before-model", "A wrong key is refused with 401 whatever the model is.", MUST),
    "long": ("key-long", "A key of two thousand signs is refused with 401.", MUST),
}


def _form(step: str) -> Case:
    word, text, level = _FORMS[step]

    def decide(steps: Steps) -> None:
        x = one(steps, step)
        if step == "case":
            sent = x.request.header("authorization") or ""
            if sent == (one(steps, "again").request.header("authorization") or ""):
                raise NotApplicable("the key has no letters")
        is_401(x)

    made = Requirement(f"auth.{word}", level, text, AUTH, "auth", _RAISES)
    return Case(made, decide, probes=("auth_forms",), any_status=True, module=__name__)


@requirement(
    "auth.scheme-case",
    MAY,
    "The scheme is read without regard to case (`bearer`).",
    source=field("https://github.com/SamSaffron/term-llm/pull/414"),
    needs="auth",
    any_status=True,
)
def test_scheme_case(auth_forms: Steps) -> None:
    x = one(auth_forms, "lower")
    require(x.ok, "status", "200", status_of(x))


@requirement(
    "auth.not-locked",
    MUST,
    "The right key is served after a dozen refusals.",
    source=AUTH,
    needs="auth",
    any_status=True,
    breaks=["one wrong client locks all others out"],
)
def test_not_locked(auth_forms: Steps) -> None:
    x = one(auth_forms, "again")
    if 400 <= x.status < 500 and x.status not in (401, 403, 429):
        raise NotApplicable("the key was taken, the request was not")
    require(x.ok, "status", "200", status_of(x))


@requirement(
    "auth.stream.missing-key",
    MUST,
    "A stream without a key is refused with 401.",
    source=AUTH,
    needs="auth",
    any_status=True,
    breaks=_RAISES,
)
def test_stream(auth_stream: Steps) -> None:
    is_401(one(auth_stream, "none"))


@requirement(
    "auth.stream.json",
    MUST,
    "The refusal of a key is JSON when a stream was asked for.",
    source=AUTH,
    needs="auth",
    any_status=True,
)
def test_stream_json(auth_stream: Steps) -> None:
    for x in auth_stream:
        if x.status == 401 and x.is_sse:
            fail("header content-type", "application/json", x.header("content-type"), exchange=x)


def _is_key(code: object) -> bool:
    return isinstance(code, str) and "key" in code.lower()


@requirement(
    "auth.revoked-key.status",
    MUST,
    "A revoked key is answered with 401.",
    source=AUTH,
    any_status=True,
    breaks=["a key that leaked and was taken back is still good"],
)
def test_revoked(auth_revoked: Steps) -> None:
    is_401(one(auth_revoked))


@requirement(
    "auth.revoked-key.code",
    SHOULD,
    "The refusal of a revoked key has a code about keys, such as invalid_api_key.",
    source=AUTH,
    any_status=True,
)
def test_revoked_code(auth_revoked: Steps) -> None:
    x = one(auth_revoked)
    body = x.json
    error = body.get("error") if isinstance(body, dict) else None
    if x.status != 401 or not isinstance(error, dict):
        raise NotApplicable("no error object of status 401")
    code = error.get("code")
    require(_is_key(code) or code == "account_deactivated", "error.code", "invalid_api_key", code)


@requirement(
    "auth.forbidden-key.status",
    MUST,
    "What a valid key may not do is answered with 403.",
    source=openai("error codes guide"),
    any_status=True,
)
def test_forbidden(auth_forbidden: Steps) -> None:
    x = one(auth_forbidden)
    require(x.status == 403, "status", "403", status_of(x))


def _named(word: str) -> Case:
    def decide(steps: Steps) -> None:
        x = one(steps)
        require(x.ok or x.status in (401, 403), "status", ["200", "401"], status_of(x))

    made = Requirement(
        f"auth.{word}.header",
        MUST,
        f"The header `OpenAI-{word.capitalize()}` is accepted, or refused with 401.",
        AUTH,
        "chat",
        ("programs that name their organisation or project",),
    )
    return Case(made, decide, probes=(f"auth_{word}",), any_status=True, module=__name__)


def _sent_key(x: Exchange) -> str:
    header = x.request.header("authorization") or ""
    return header.partition(" ")[2].strip() or header.strip()


@requirement(
    "auth.key.not-echoed",
    MUST,
    "No answer contains the key that was sent.",
    source=live("401 of 2024 and 2025: the key is masked"),
    over=ANY,
    breaks=["keys stand in logs, traces and screenshots"],
)
def test_not_echoed(x: Exchange) -> None:
    key = _sent_key(x)
    if len(key) < 12 or x.response is None:
        raise NotApplicable("no key was sent")
    if key in x.response.text:
        fail("body", "no key", x.response.text.replace(key, "(the key)")[:300])
    for name, value in x.response.headers:
        if key in value:
            fail(f"header {name.lower()}", "no key", value.replace(key, "(the key)")[:200])


@requirement(
    "auth.no-www-authenticate-basic",
    SHOULD,
    "A 401 does not challenge with Basic, which makes browsers ask for a password.",
    source=live("401: www-authenticate: Bearer"),
    over=Selector("refused keys", lambda x: answered(x) and x.status == 401),
)
def test_challenge(x: Exchange) -> None:
    given = x.header("www-authenticate")
    if given is None:
        raise NotApplicable("no challenge")
    require(not given.lower().startswith("basic"), "header www-authenticate", "Bearer", given)


CASES = [
    *map(_form, _FORMS),
    _named("organization"),
    _named("project"),
]
