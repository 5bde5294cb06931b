"""Which routes ask for the key, and look at it: as chat completions do."""

from __future__ import annotations

from conformance.cases.test_auth import AUTH, is_401, one, status_of
from conformance.exchange import Exchange, Steps
from conformance.expect import NotApplicable, fail, require
from conformance.probes.auth import CHECKED, GUARDED
from conformance.requirement import MUST, SHOULD, Case, Requirement, Source, field, requirement

_BESIDE = "https://github.com/vllm-project/vllm/issues/58144"
_SOURCES: dict[str, Source] = {"rerank": field(_BESIDE)}


def _guarded(word: str) -> Case:
    name, shown, needs = GUARDED[word]

    def decide(exchange: Exchange, gate: Steps) -> None:
        if one(gate, "none").ok:
            raise NotApplicable("chat completions are served without a key, too")
        x = one(exchange)
        if x.status in (404, 405, 501):
            raise NotApplicable("the endpoint is not served")
        is_401(x)

    made = Requirement(
        f"auth.guards.{word}",
        MUST,
        f"{shown} asks for the key as chat completions do: without one it is 401.",
        _SOURCES.get(word, AUTH),
        needs,
        ("unpaid and unnoticed use",),
    )
    return Case(made, decide, probes=(name, "auth_gate"), any_status=True, module=__name__)


def _checked(word: str) -> Case:
    name, shown, needs = CHECKED[word]

    def decide(exchange: Exchange, keyless: Exchange, gate: Steps) -> None:
        if keyless.ok:
            raise NotApplicable(f"it asks for no key: auth.guards.{word} says so")
        like_chat = one(gate, "wrong")
        if like_chat.ok:
            raise NotApplicable("chat completions are served with a wrong key, too")
        x = one(exchange)
        if x.status in (404, 405, 501):
            raise NotApplicable("the endpoint is not served")
        require(x.status in (401, like_chat.status), "status", "401", status_of(x))

    made = Requirement(
        f"auth.wrong-key.{word}",
        MUST,
        f"{shown} looks at the key as chat completions do: a wrong one is 401.",
        AUTH,
        needs,
        ("unpaid and unnoticed use", "programs that try a key by it take any for good"),
    )
    probes = (name, GUARDED[word][0], "auth_gate")
    return Case(made, decide, probes=probes, any_status=True, module=__name__)


@requirement(
    "auth.guards.beside",
    MUST,
    "Routes of inference beside the base URL ask for the key, too.",
    source=field(_BESIDE),
    needs="auth",
    any_status=True,
    breaks=["unpaid and unnoticed use"],
)
def test_beside(auth_beside: Steps) -> None:
    seen = False
    for x in auth_beside:
        body = x.json
        if not x.ok or x.step == "tokenize" or not isinstance(body, dict | list):
            continue
        if isinstance(body, dict) and "error" in body:
            continue
        seen = True
        fail("status", "401", f"{x.request.url}: {status_of(x)}", exchange=x)
    if not seen and not any(x.status in (401, 403) for x in auth_beside):
        raise NotApplicable("there are no such routes")


@requirement(
    "auth.guards.beside-tokens",
    SHOULD,
    "A tokenizer beside the base URL asks for the key, too.",
    source=field(_BESIDE),
    needs="auth",
    any_status=True,
)
def test_beside_tokens(auth_beside: Steps) -> None:
    x = one(auth_beside, "tokenize")
    if not x.ok and x.status not in (401, 403):
        raise NotApplicable("there is no such route")
    body = x.json
    if x.ok and not (isinstance(body, dict) and "tokens" in body):
        raise NotApplicable("there is no such route")
    require(not x.ok, "status", "401", status_of(x))


CASES = [*map(_guarded, GUARDED), *map(_checked, CHECKED)]
