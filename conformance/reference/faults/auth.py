"""Faults of authentication."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.probes.auth import CHECKED, GUARDED, WRONG
from conformance.reference.call import Call
from conformance.reference.config import KEY_FORBIDDEN, KEY_MAIN, KEY_REVOKED, Account
from conformance.reference.errors import ApiError, ErrorReply
from conformance.reference.fault import fault
from conformance.reference.reply import Reply

Verdict = Account | ApiError
When = Callable[[Call], bool]
_GATE = b'"max_tokens":8'


def _given(call: Call) -> str:
    return call.headers.get("authorization", "")


def _main(call: Call) -> Account:
    return call.config.keys[KEY_MAIN]


def _gate(call: Call) -> bool:
    """A chat request of the probes of keys, not a stream."""
    odd = b'"stream"' in call.raw or b"not an array" in call.raw
    return call.route == "chat" and _GATE in call.raw and not odd


def _wrong(call: Call) -> bool:
    return _gate(call) and _given(call) == f"Bearer {WRONG}" and b"no-such-model" not in call.raw


def _none(call: Call) -> bool:
    return _gate(call) and not _given(call) and not call.query and "origin" not in call.headers


def _admit(id: str, when: When, text: str, *breaks: str, defects: tuple[str, ...] = ()) -> None:
    """A fault that takes some requests without a valid key as those of the main account."""

    def hook(call: Call, verdict: Verdict) -> Account:
        return _main(call)

    fault(id, at="authorised", when=when, text=text, breaks=breaks or (id,), field_defects=defects)(
        hook
    )


_admit("auth.missing-key.status", _none, "Chat requests without a key are served.")
_admit("auth.wrong-key.status", _wrong, "Any key is as good as a real one.")
_admit(
    "auth.enforced",
    lambda call: _none(call) or _wrong(call),
    "Keys are not looked at.",
    "auth.enforced",
    "auth.missing-key.status",
    "auth.wrong-key.status",
)
_admit("auth.scheme-basic", lambda c: _given(c).startswith("Basic "), "Basic is as good.")
_admit("auth.scheme-token", lambda c: _given(c).startswith("Token "), "Token is as good.")
_admit("auth.scheme-missing", lambda c: _given(c) == KEY_MAIN, "The scheme may be left out.")
_admit("auth.empty-bearer", lambda c: _given(c).strip() == "Bearer", "An empty key is served.")
_admit("auth.query-key", lambda c: c.query.get("api_key") == WRONG,
       "Any key in the query is served.")  # fmt: skip
_admit("auth.key-cut", lambda c: _given(c) == f"Bearer {KEY_MAIN[:-1]}",
       "The beginning of a key is enough.")  # fmt: skip
_admit("auth.key-longer", lambda c: _given(c) == f"Bearer {KEY_MAIN}x",
       "What follows a key does not matter.")  # fmt: skip
_admit("auth.key-case", lambda c: _given(c) == f"Bearer {KEY_MAIN.swapcase()}",
       "Keys are compared without case.")  # fmt: skip
_admit(
    "auth.stream",
    lambda c: _given(c) == f"Bearer {WRONG}" and c.route == "chat" and b'"stream":true' in c.raw,
    "Streams do not check the key.",
)
_admit(
    "auth.stream.missing-key",
    lambda c: not _given(c) and c.route == "chat" and b'"stream":true' in c.raw,
    "Streams do not need a key.",
)
_admit("auth.revoked-key.status", lambda c: _given(c) == f"Bearer {KEY_REVOKED}",
       "A revoked key is still good.")  # fmt: skip
_admit("auth.forbidden-key.status", lambda c: _given(c) == f"Bearer {KEY_FORBIDDEN}",
       "A key may do what it may not.")  # fmt: skip

_ROUTES = {
    "speech": "audio.speech",
    "images": "images.generations",
    "models": "models.list",
    "model": "models.retrieve",
    "files": "files.list",
    "batches": "batches.list",
    "chat-list": "chat.list",
    "vector-stores": "vector_stores.list",
    "fine-tuning": "fine_tuning.list",
}


def _open(route: str) -> When:
    return lambda call: call.route == route and not _given(call)


for _word in GUARDED:
    _admit(f"auth.guards.{_word}", _open(_ROUTES.get(_word, _word)),
           f"{GUARDED[_word][1]} does not ask for a key.")  # fmt: skip


def _any_key(route: str) -> When:
    return lambda call: call.route == route and _given(call) == f"Bearer {WRONG}"


for _word in CHECKED:
    _admit(f"auth.wrong-key.{_word}", _any_key(_ROUTES.get(_word, _word)),
           f"{CHECKED[_word][1]} asks for a key, and does not look at it.")  # fmt: skip


@fault("auth.before-body", at="error",
       when=lambda c: _given(c) == f"Bearer {WRONG}" and b"not an array" in c.raw)  # fmt: skip
def body_first(call: Call, error: ErrorReply) -> None:
    """The body is looked at before the key."""
    error.status = 400
    error.body["error"].update(code="invalid_type", param="messages")


@fault("auth.before-model", at="error",
       when=lambda c: _given(c) == f"Bearer {WRONG}" and b"no-such-model" in c.raw)  # fmt: skip
def model_first(call: Call, error: ErrorReply) -> None:
    """The model is looked for before the key."""
    error.status = 404
    error.body["error"]["code"] = "model_not_found"


@fault("auth.key-long", at="error", when=lambda c: len(_given(c)) > 1500,
       breaks=("auth.key-long", "errors.no-5xx", "errors.no-5xx.first"))  # fmt: skip
def long_key(call: Call, error: ErrorReply) -> None:
    """A long key breaks the server."""
    error.status = 500
    error.body["error"].update(type="server_error", code=None)


@fault("auth.wrong-key.status/400", at="error", when=_wrong,
       breaks=("auth.wrong-key.status", "errors.code.agrees"),
       field_defects="auth-invalid-key-400-google")  # fmt: skip
def bad_key_is_400(call: Call, error: ErrorReply) -> None:
    """A bad key is answered with 400."""
    error.status = 400


@fault("auth.wrong-key.status/403", at="error", when=_wrong,
       breaks=("auth.wrong-key.status", "errors.code.agrees"))  # fmt: skip
def bad_key_is_403(call: Call, error: ErrorReply) -> None:
    """A bad key is answered with 403."""
    error.status = 403


@fault(
    "auth.wrong-key.status/500",
    at="error",
    when=_wrong,
    breaks=("auth.wrong-key.status", "errors.no-5xx", "errors.no-5xx.first"),
    field_defects="err-invalid-upstream-key-500",
)
def bad_key_is_500(call: Call, error: ErrorReply) -> None:
    """A bad key is answered as a failure of the server."""
    error.status = 500
    error.body["error"].update(type="server_error", code=None)


@fault("auth.wrong-key.code", at="error", when=_wrong)
def no_code(call: Call, error: ErrorReply) -> None:
    """The refusal of a wrong key has no code."""
    error.body["error"]["code"] = None


@fault("auth.wrong-key.envelope", at="error", when=_wrong, breaks="errors.body.envelope",
       field_defects="auth-401-no-error-key-litellm")  # fmt: skip
def no_envelope(call: Call, error: ErrorReply) -> None:
    """The refusal of a wrong key has no `error`."""
    error.body = error.body["error"]


@fault("auth.missing-key.text", at="error", when=_none, breaks="errors.body.error-object",
       field_defects="auth-401-string-ollama-cloud")  # fmt: skip
def unauthorized_text(call: Call, error: ErrorReply) -> None:
    """The refusal of a missing key is {"error": "Unauthorized"}."""
    error.body = {"error": "Unauthorized"}


@fault("auth.missing-key.code", at="error", when=_none)
def odd_code(call: Call, error: ErrorReply) -> None:
    """The refusal of a missing key has a code of another thing."""
    error.body["error"]["code"] = "forbidden"


@fault("auth.missing-key.status/403", at="error", when=_none, breaks="auth.missing-key.status")
def none_is_403(call: Call, error: ErrorReply) -> None:
    """A missing key is answered with 403, as some frameworks do."""
    error.status = 403


@fault("auth.revoked-key.code", at="error", when=lambda c: _given(c) == f"Bearer {KEY_REVOKED}")
def revoked_code(call: Call, error: ErrorReply) -> None:
    """The refusal of a revoked key has no code."""
    error.body["error"]["code"] = None


@fault("auth.forbidden-key.status/401", at="error", breaks="auth.forbidden-key.status",
       when=lambda c: _given(c) == f"Bearer {KEY_FORBIDDEN}")  # fmt: skip
def forbidden_401(call: Call, error: ErrorReply) -> None:
    """What a key may not do is 401."""
    error.status = 401
    error.body["error"]["type"] = "invalid_request_error"


@fault("auth.right-key.served", at="authorised", when=_gate)
def locked(call: Call, verdict: Verdict) -> ApiError | None:
    """After a wrong key the right one is refused, once."""
    if _wrong(call):
        call.app.data["locked"] = True
    elif b"single word hello." in call.raw and call.app.data.pop("locked", False):
        return ApiError(403, "Too many failed attempts.")
    return None


@fault("auth.not-locked", at="authorised", when=_gate)
def locked_for_good(call: Call, verdict: Verdict) -> ApiError | None:
    """After ten refusals nobody is served."""
    refused = call.app.data.get("refused", 0)
    if isinstance(verdict, ApiError):
        call.app.data["refused"] = refused + 1
    elif refused >= 10 and b"the single word hello." in call.raw:
        return ApiError(403, "Too many failed attempts.")
    return None


@fault("auth.key.not-echoed", at="error", when=_wrong)
def echoed_key(call: Call, error: ErrorReply) -> None:
    """The refusal of a key shows the whole key."""
    error.body["error"]["message"] += " " + _given(call)


@fault("auth.key.not-echoed/header", at="http", route="models.list", breaks="auth.key.not-echoed",
       when=lambda c: bool(_given(c)))  # fmt: skip
def echoed_header(call: Call, reply: Reply) -> None:
    """An answer repeats the key in a header."""
    reply.set("x-forwarded-key", _given(call))


@fault("auth.no-www-authenticate-basic", at="error", when=_none)
def basic(call: Call, error: ErrorReply) -> None:
    """A refusal makes browsers ask for a password."""
    error.headers = [("www-authenticate", 'Basic realm="api"')]


@fault("auth.scheme-case", at="authorised", when=lambda c: _given(c).startswith("bearer "),
       field_defects="auth-bearer-case-sensitive")  # fmt: skip
def exact_scheme(call: Call, verdict: Verdict) -> ApiError:
    """Only `Bearer` is read, not `bearer`."""
    return ApiError(401, "Use Bearer.", code="invalid_api_key")


@fault("auth.stream.json", at="http",
       when=lambda c: c.route == "chat" and not _given(c) and b'"stream":true' in c.raw,
       breaks=("auth.stream.json", "errors.content-type", "chat.stream.error.json"))  # fmt: skip
def as_event(call: Call, reply: Reply) -> None:
    """The refusal of a stream is declared as a stream."""
    reply.set("content-type", "text/event-stream")


def _carries(name: str) -> When:
    return lambda call: name in call.headers and call.route == "chat"


def _refuse(call: Call, verdict: Verdict) -> ApiError:
    """A header that names organisation or project is a mistake."""
    return ApiError(400, "Unknown header.")


for _header in ("organization", "project"):
    fault(f"auth.{_header}.header", at="authorised", when=_carries(f"openai-{_header}"))(_refuse)


def _beside(path: str, id: str, answer: dict[str, Any], **more: Any) -> None:
    def hook(call: Call, early: None) -> Reply:
        return Reply(200, [("content-type", "application/json")], json.dumps(answer).encode())

    fault(id, at="received", when=lambda c: c.path == path, text=f"{path} needs no key.",
          **more)(hook)  # fmt: skip


_beside("/invocations", "auth.guards.beside", {"id": "x", "choices": []},
        field_defects="auth-only-v1-prefix-protected")  # fmt: skip
_beside("/tokenize", "auth.guards.beside-tokens", {"tokens": [1, 2], "count": 2})
