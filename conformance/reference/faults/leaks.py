"""Faults of isolation: insides of the server, another account's things."""

from __future__ import annotations

import re
from typing import Any

from conformance.reference.call import Call
from conformance.reference.config import KEY_SECOND
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import fault
from conformance.reference.faults.errors_table import sends
from conformance.reference.reply import Reply

_ROLE = sends("errors_chat_role_unknown")
_TEXTS = {
    "leaks.stack-trace": 'Traceback (most recent call last):\n  File "serve", line 12, in answer',
    "leaks.file-path": "cannot read /app/server/settings.toml",
    "leaks.upstream": "could not reach http://10.0.3.7:8000/generate",
    "leaks.secret": "refused for sk-live0123456789abcdef0123456789",
    "leaks.exception": "'NoneType' object has no attribute 'get'",
}


def _say(id: str, text: str, breaks: str = "") -> None:
    def hook(call: Call, error: ErrorReply) -> None:
        error.body["error"]["message"] += " " + text

    words = f"An error says: {text.splitlines()[0]}"
    fault(id, at="error", when=_ROLE, text=words, breaks=breaks or id)(hook)


for _id, _text in _TEXTS.items():
    _say(_id, _text)


@fault("leaks.stack-trace/node", at="error", when=_ROLE, breaks="leaks.stack-trace")
def node(call: Call, error: ErrorReply) -> None:
    """An error carries the stack of a JavaScript server."""
    error.body["error"]["message"] += " at answer (server.js:12:7)"


_WAYS = {
    "leaks.upstream/service": "could not reach http://worker-3:8000/generate",
    "leaks.upstream/bare": "dial tcp 10.0.3.7:8000: connection refused",
    "leaks.upstream/six": "could not reach http://[fd00:0:1::7]:8000/generate",
    "leaks.stack-trace/dotnet": "at Serve.Answer() in Serve.cs:line 12",
    "leaks.stack-trace/ruby": "serve.rb:12:in `answer'",
    "leaks.stack-trace/php": "#0 index.php(12): answer()",
    "leaks.file-path/source": "cannot read /src/server/settings.toml",
}
for _id, _text in _WAYS.items():
    _say(_id, _text, _id.partition("/")[0])


@fault("leaks.header", at="http", route="models.list")
def backend(call: Call, reply: Reply) -> None:
    """A header names the server behind."""
    reply.set("x-backend", "http://10.0.3.7:8000")


def _twins(call: Call) -> bool:
    return call.route == "chat" and b"the single word " in call.raw and b'"stream"' not in call.raw


@fault("leaks.account.same-answer", at="reply", route="chat", when=_twins)
def shared_cache(call: Call, body: dict[str, Any]) -> dict[str, Any] | None:
    """Answers are cached for everybody."""
    cache = call.app.data.setdefault("answers", {})
    if call.headers.get("authorization") == f"Bearer {KEY_SECOND}":
        found: dict[str, Any] | None = cache.get(call.raw)
        return found
    cache[call.raw] = body
    return None


@fault("leaks.account.nonce", at="reply", route="chat", when=_twins)
def remembers(call: Call, body: dict[str, Any]) -> None:
    """What one account said stands in the answer to another."""
    last = call.app.data.get("said", "")
    text = call.fields["messages"][0]["content"]
    if call.headers.get("authorization") == f"Bearer {KEY_SECOND}":
        if "strawberry" in text:
            body["choices"][0]["message"]["content"] += " " + last
        return
    if re.search(r"word [bcdfghklmnprstvz]{8}\.", text):
        call.app.data["said"] = text


@fault("leaks.account.request-id", at="http", route="chat", when=_twins,
       breaks=("leaks.account.request-id", "headers.request-id.unique"))  # fmt: skip
def shared_id(call: Call, reply: Reply) -> None:
    """The request id is made from the body."""
    if reply.status == 200 and len(call.raw) < 200:
        ids = call.app.data.setdefault("ids", {})
        reply.set("x-request-id", ids.setdefault(call.raw, call.request_id))
