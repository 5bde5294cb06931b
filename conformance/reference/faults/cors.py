"""Faults of cross-origin requests."""

from __future__ import annotations

from conformance.reference.call import Call
from conformance.reference.fault import fault
from conformance.reference.reply import Reply

_ALLOW = "access-control-allow-origin"
_REFUSED = (
    b'{"error":{"message":"Give a key.","type":"invalid_request_error","param":null,"code":null}}'
)


def _post(call: Call) -> bool:
    return call.headers.get("access-control-request-method") == "POST"


def _get(call: Call) -> bool:
    return call.headers.get("access-control-request-method") == "GET"


def _origin(call: Call) -> bool:
    return call.method != "OPTIONS" and "origin" in call.headers


@fault("cors.preflight.status", at="http", when=_post,
       breaks=("cors.preflight.status", "cors.served"),
       field_defects="auth-preflight-401")  # fmt: skip
def asks_for_key(call: Call, reply: Reply) -> None:
    """A preflight is answered with 401."""
    reply.status = 401
    reply.set("content-type", "application/json")
    reply.body = _REFUSED
    reply.drop(_ALLOW)


@fault("cors.preflight.status-get", at="http", when=_get)
def get_refused(call: Call, reply: Reply) -> None:
    """A preflight of a GET is answered with 405."""
    reply.status = 405


@fault("cors.preflight.origin", at="http", when=_post,
       breaks=("cors.preflight.origin", "cors.preflight.honest", "cors.served"),
       field_defects="cors-options-200-no-headers")  # fmt: skip
def no_headers(call: Call, reply: Reply) -> None:
    """A preflight is answered with success and without the headers of CORS."""
    for name in [name for name, _ in reply.headers if name.startswith("access-control")]:
        reply.drop(name)
    reply.set("access-control-allow-headers", call.headers["access-control-request-headers"])


@fault("cors.preflight.origin/other", at="http", when=_post, breaks="cors.preflight.origin")
def other_origin(call: Call, reply: Reply) -> None:
    """A preflight allows another origin."""
    reply.set(_ALLOW, "https://console.example")


@fault("cors.preflight.honest", at="http", when=lambda c: _post(c) or _get(c) or _origin(c),
       breaks=("cors.preflight.honest", "cors.served"))  # fmt: skip
def empty_success(call: Call, reply: Reply) -> None:
    """A preflight succeeds though the server does not speak CORS."""
    for name in [name for name, _ in reply.headers if name.startswith("access-control")]:
        reply.drop(name)


@fault("cors.preflight.headers", at="http", when=_post, field_defects="cors-x-stainless-blocked")
def fixed_list(call: Call, reply: Reply) -> None:
    """The allowed headers are a fixed list, without those of the SDK."""
    reply.set("access-control-allow-headers", "authorization, content-type, x-stainless-os")


@fault("cors.preflight.authorization", at="http", when=_post)
def wildcard(call: Call, reply: Reply) -> None:
    """All headers are allowed by the wildcard, which leaves out authorization."""
    reply.set("access-control-allow-headers", "*")


@fault("cors.preflight.method", at="http", when=_post)
def only_get(call: Call, reply: Reply) -> None:
    """A preflight allows GET alone."""
    reply.set("access-control-allow-methods", "GET, OPTIONS")


@fault("cors.answer.origin", at="http", when=lambda c: _origin(c) and c.route == "chat")
def answer_bare(call: Call, reply: Reply) -> None:
    """The preflight allows the origin, the answer does not."""
    reply.drop(_ALLOW)
    reply.drop("access-control-expose-headers")
    reply.set("access-control-expose-headers", "x-request-id")
    call.state["bare"] = True


@fault("cors.error.origin", at="http",
       when=lambda c: _origin(c) and c.route == "models.retrieve")  # fmt: skip
def error_bare(call: Call, reply: Reply) -> None:
    """Errors do not allow the origin."""
    reply.drop(_ALLOW)


@fault("cors.refused.origin", at="http",
       when=lambda c: _origin(c) and "authorization" not in c.headers)  # fmt: skip
def refusal_bare(call: Call, reply: Reply) -> None:
    """The refusal of a key does not allow the origin."""
    reply.drop(_ALLOW)


@fault("cors.answer.origin-once", at="http", when=lambda c: _origin(c) and c.route == "chat")
def doubled(call: Call, reply: Reply) -> None:
    """Proxy and server both allow the origin."""
    reply.headers.append((_ALLOW, "*"))


@fault("cors.answer.credentials", at="http", when=lambda c: _origin(c) and c.route == "chat")
def credentials(call: Call, reply: Reply) -> None:
    """Credentials are allowed for every origin."""
    reply.set("access-control-allow-credentials", "true")


@fault("cors.answer.exposed", at="http", when=lambda c: _origin(c) and c.route == "chat")
def hidden(call: Call, reply: Reply) -> None:
    """Pages cannot read the request id."""
    reply.drop("access-control-expose-headers")


@fault("cors.served", at="http", when=lambda c: c.method == "OPTIONS" or _origin(c),
       breaks=("cors.served", "cors.preflight.honest"))  # fmt: skip
def silent(call: Call, reply: Reply) -> None:
    """Nothing of CORS is answered, though it is claimed."""
    for name in [name for name, _ in reply.headers if name.startswith("access-control")]:
        reply.drop(name)
