"""The way of a request: receive, authenticate, limit, parse, validate, handle, answer.

Every stage that a fault can change is one `call.run(...)` here.
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING

from conformance.reference.auth import authenticate, check_quota
from conformance.reference.config import Account
from conformance.reference.errors import ApiError, ErrorReply, not_found
from conformance.reference.headers import finish, preflight
from conformance.reference.parse import parse_body
from conformance.reference.reply import Answer, Drop, Reply
from conformance.reference.sse import data_frames, dump, event_frames

if TYPE_CHECKING:
    from conformance.reference.call import Call

JSON = ("content-type", "application/json")
STREAM = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache, must-revalidate"),
)
_log = logging.getLogger(__name__)


async def serve(call: Call) -> Reply:
    """One request to one reply; nothing but a dropped connection escapes."""
    try:
        reply = await _receive(call)
    except ApiError as error:
        reply = await refuse(call, error)
    except Drop:
        raise
    except Exception:
        _log.exception("the embedded provider broke on %s %s", call.method, call.path)
        reply = await refuse(
            call,
            ApiError(
                500,
                "The server had an error while processing your request. Sorry about that!",
                type="server_error",
            ),
        )
    reply = finish(call, reply)
    changed: Reply = await call.run("http", reply)
    return changed


async def _receive(call: Call) -> Reply:
    early = await call.run("received", None)
    if isinstance(early, Reply):
        return early
    if call.route == "preflight":
        return preflight(call)
    if call.spec is None:
        raise _nothing_here(call)
    if error := call.state.pop("body_error", None):
        raise error
    verdict = await call.run("authorised", authenticate(call))
    if isinstance(verdict, ApiError):
        raise verdict
    account: Account = verdict
    call.account = account
    if call.method == "POST":
        check_quota(account)

    async def execute() -> Reply:
        return await _execute(call, account)

    return await call.app.idempotency.once(call, execute)


async def _execute(call: Call, account: Account) -> Reply:
    spec = call.spec
    assert spec is not None
    if spec.limited:
        call.app.limits.admit(account)
    body = await parse_body(call)
    call.body = body
    if isinstance(body, dict):
        call.body = await call.run("request", body)
    if spec.validate is not None:
        spec.validate(call, call.fields)
    call.body = await call.run("accepted", call.body)
    answer = spec.handler(call)
    if inspect.isawaitable(answer):
        answer = await answer
    if isinstance(answer, Reply):
        return answer
    return await _render(call, answer)


async def _render(call: Call, answer: Answer) -> Reply:
    config = call.config
    if answer.chunks is not None or answer.events is not None:
        if config.latency_s > 0:
            await call.clock.sleep(config.latency_s)
        payloads = await call.run(
            "chunks", answer.chunks if answer.chunks is not None else answer.events
        )
        if answer.chunks is not None:
            frames = data_frames(payloads, config.token_delay_s)
        else:
            frames = event_frames(payloads, config.token_delay_s, answer.done)
        frames = await call.run("frames", frames)
        return Reply(answer.status, [*STREAM, *answer.headers], frames)
    # a whole answer is not faster than the same answer streamed
    wait = config.latency_s + answer.steps * config.token_delay_s
    if wait > 0:
        await call.clock.sleep(wait)
    body = await call.run("reply", answer.body)
    data = b"" if body is None else dump(body).encode("utf-8", "replace")
    return Reply(answer.status, [JSON, *answer.headers], data)


async def refuse(call: Call, error: ApiError) -> Reply:
    """An error as a reply, through the hooks."""
    changed: ErrorReply = await call.run("error", error.reply())
    data = dump(changed.body).encode("utf-8", "replace")
    return Reply(changed.status, [JSON, *changed.headers], data)


def _nothing_here(call: Call) -> ApiError:
    allowed: list[str] = call.state.get("allowed", [])
    if allowed:
        return ApiError(
            405,
            f"Not allowed to {call.method} on {call.path}. (HINT: Perhaps you meant to use a "
            "different HTTP method?)",
            code="method_not_supported",
            headers=[("allow", ", ".join(allowed))],
        )
    if not call.path.startswith("/v1/"):
        return not_found(
            f"Unknown request URL: {call.method} {call.path}. Please check the URL for typos, "
            "or see the docs at https://platform.openai.com/docs/api-reference/.",
            code="unknown_url",
        )
    return not_found(f"Invalid URL ({call.method} {call.path})")
