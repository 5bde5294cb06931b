"""Legal behaviour of HTTP, of keys, and of cross-origin requests."""

from __future__ import annotations

import gzip

from conformance.reference.auth import masked
from conformance.reference.call import Call
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, ErrorReply
from conformance.reference.fault import variation
from conformance.reference.reply import Frame, Reply


@variation("auth.no-challenge", at="error")
def no_challenge(call: Call, error: ErrorReply) -> None:
    """A 401 has no www-authenticate."""
    error.headers = [h for h in error.headers if h[0] != "www-authenticate"]


@variation("auth.missing-key-code", at="error", when=lambda c: "authorization" not in c.headers)
def coded(call: Call, error: ErrorReply) -> None:
    """A missing key has the code invalid_api_key."""
    if error.status == 401:
        error.body["error"]["code"] = "invalid_api_key"


@variation("auth.masked-otherwise", at="error")
def other_mask(call: Call, error: ErrorReply) -> None:
    """The refusal shows the key masked in another way."""
    key = call.headers.get("authorization", "").partition(" ")[2]
    if error.status == 401 and key.isascii():
        error.body["error"]["message"] = f"Incorrect API key provided: {masked(key)[-6:]}."


@variation("auth.project-mismatch", at="authorised", when=lambda c: "openai-project" in c.headers)
def project(call: Call, verdict: Account | ApiError) -> ApiError:
    """A project that is not the key's is refused."""
    return ApiError(401, "The project does not match the key.", code="mismatched_project")


@variation("http.chunked-answers", at="http")
def chunks(call: Call, reply: Reply) -> None:
    """Answers come in chunks, without a length."""
    if isinstance(reply.body, bytes) and len(reply.body) > 20 and reply.status != 204:
        half = len(reply.body) // 2
        reply.body = [Frame(reply.body[:half]), Frame(reply.body[half:])]


@variation("http.always-gzip", at="http")
def always(call: Call, reply: Reply) -> None:
    """Everything is compressed for whoever reads gzip."""
    offered = call.headers.get("accept-encoding", "")
    if isinstance(reply.body, bytes) and reply.body and "gzip" in offered and reply.status != 204:
        reply.body = gzip.compress(reply.body, mtime=0)
        reply.set("content-encoding", "gzip")


@variation("http.no-gzip-requests", at="received",
           when=lambda c: c.headers.get("content-encoding") == "gzip")  # fmt: skip
def no_gzip(call: Call, early: None) -> None:
    """Compressed requests are refused."""
    raise ApiError(415, "Send the body without encoding.")


@variation("http.slash-served", at="received",
           when=lambda c: c.path == "/v1/chat/completions/")  # fmt: skip
def slash(call: Call, early: None) -> Reply:
    """A path with a slash at the end is refused as 405."""
    raise ApiError(405, "No such method here.", headers=[("allow", "GET")])


@variation("http.last-newline", at="http")
def newline(call: Call, reply: Reply) -> None:
    """JSON ends with a newline."""
    media = (reply.header("content-type") or "").startswith("application/json")
    if media and isinstance(reply.body, bytes) and reply.body:
        reply.body += b"\n"


@variation("http.keep-alive-header", at="http")
def keep(call: Call, reply: Reply) -> None:
    """Answers say how long the connection stays."""
    reply.set("connection", "keep-alive")
    reply.set("keep-alive", "timeout=75")


@variation("cors.echo", at="http")
def echo(call: Call, reply: Reply) -> None:
    """The origin of the request is echoed, and the answer varies by it."""
    origin = call.headers.get("origin")
    if origin:
        reply.set("access-control-allow-origin", origin)
        reply.set("access-control-allow-credentials", "true")
        reply.set("vary", "Origin")


@variation("cors.preflight-200", at="http", when=lambda c: c.method == "OPTIONS")
def preflight_200(call: Call, reply: Reply) -> None:
    """A preflight is answered with 200 and a text."""
    reply.status = 200
    reply.set("content-type", "text/plain")
    reply.body = b"ok"
