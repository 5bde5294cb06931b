"""Wrong chat completion requests: bodies, models, messages."""

from __future__ import annotations

from conformance.probe import Model, user
from conformance.probes.errors_table import CHAT, HELLO, RANGE, mistyped, unreadable, wrong
from conformance.requirement import MAY, field, live

_ROLE = ("messages[0].role",)
_CONTENT = ("messages[0].content",)
_MISSING = ("missing_required_parameter",)

unreadable(CHAT)
wrong(CHAT, "string-body", "A body that is a JSON string", b'"hello"')
wrong(CHAT, "number-body", "A body that is a number", b"17")
wrong(
    CHAT,
    "trailing-text",
    "JSON with something after it",
    b'{"messages": [{"role": "user", "content": "Hello."}]} trailing',
    level=MAY,
)
wrong(
    CHAT,
    "nan",
    "A body with NaN, which is not JSON,",
    b'{"model": "x", "messages": [{"role": "user", "content": "Hello."}], "temperature": NaN}',
    level=MAY,
    statuses=(400, 404),
)
wrong(
    CHAT,
    "not-utf8",
    "A body that is not UTF-8",
    b'{"model": "x", "messages": [{"role": "user", "content": "\xff\xfe\xc3"}]}',
    level=MAY,
    statuses=(400, 404),
)
wrong(
    CHAT,
    "form-body",
    "A form instead of JSON",
    b"model=x&messages=hello",
    statuses=(400, 415),
    headers={"content-type": "application/x-www-form-urlencoded"},
)
wrong(
    CHAT,
    "text-plain",
    "JSON that is declared as text/plain",
    level=MAY,
    statuses=(400, 415),
    headers={"content-type": "text/plain"},
    source=field("https://github.com/diegosouzapw/OmniRoute/issues/6414"),
)

# the model
wrong(CHAT, "model-missing", "A request without `model`", drop="model", params=("model", None))
wrong(CHAT, "model-null", "`model: null`", model=None, params=("model", None))
wrong(CHAT, "model-empty", "An empty `model`", model="", statuses=(400, 404))
wrong(CHAT, "model-type", "`model` that is a number", model=17, params=("model", None))
wrong(
    CHAT,
    "model-unknown",
    "A model that does not exist",
    model=Model("unknown"),
    statuses=(404,),
    params=("model", None),
    source=live("chat completions 2024-11 and 2025: 404 model_not_found"),
)

# the messages
wrong(
    CHAT,
    "messages-missing",
    "A request without `messages`",
    drop="messages",
    params=("messages",),
    codes=_MISSING,
    strict=True,
)
wrong(
    CHAT,
    "messages-empty",
    "`messages: []`",
    messages=[],
    params=("messages",),
    codes=("empty_array",),
    strict=True,
)
mistyped(CHAT, "messages", HELLO, "a string", strict=True)
wrong(
    CHAT,
    "messages-number",
    "`messages` that is a number",
    messages=123,
    params=("messages",),
    codes=("invalid_type", *RANGE),
)
wrong(
    CHAT,
    "messages-null",
    "`messages: null`",
    messages=None,
    params=("messages",),
    codes=("invalid_type", *_MISSING, *RANGE),
)
wrong(
    CHAT,
    "messages-object",
    "`messages` that is an object",
    messages=user(HELLO),
    params=("messages",),
    codes=("invalid_type", *RANGE),
)
wrong(
    CHAT,
    "message-type",
    "A message that is a string",
    messages=[HELLO],
    params=("messages[0]",),
    codes=("invalid_type", *RANGE),
)
wrong(
    CHAT,
    "role-missing",
    "A message without `role`",
    messages=[{"content": HELLO}],
    params=_ROLE,
    codes=(*_MISSING, None),
)
wrong(
    CHAT,
    "role-unknown",
    "A message with an unknown role",
    messages=[{"role": "narrator", "content": HELLO}],
    params=(*_ROLE, None),
    codes=("invalid_value", None),
)
wrong(
    CHAT,
    "role-unknown-later",
    "An unknown role in a later message",
    messages=[user("Hello."), {"role": "narrator", "content": HELLO}],
    params=("messages[1].role", None),
    codes=("invalid_value", None),
)
wrong(
    CHAT,
    "role-type",
    "A role that is a number",
    messages=[{"role": 5, "content": HELLO}],
    params=(*_ROLE, None),
    codes=("invalid_type", "invalid_value", None),
)
wrong(
    CHAT,
    "content-missing",
    "A user message without `content`",
    messages=[{"role": "user"}],
    params=(*_CONTENT, None),
    codes=(*_MISSING, "invalid_type", None),
)
wrong(
    CHAT,
    "content-number",
    "`content` that is a number",
    messages=[{"role": "user", "content": 42}],
    params=(*_CONTENT, None),
    codes=("invalid_type", "invalid_value", None),
)
wrong(
    CHAT,
    "content-null",
    "A user message with `content: null`",
    messages=[{"role": "user", "content": None}],
    params=(*_CONTENT, None),
    codes=("invalid_type", *_MISSING, None),
)
wrong(
    CHAT,
    "content-empty-array",
    "A user message whose content is `[]`",
    level=MAY,
    messages=[{"role": "user", "content": []}],
    params=(*_CONTENT, None),
)
wrong(
    CHAT,
    "part-untyped",
    "A content part without `type`",
    messages=[{"role": "user", "content": [{"text": HELLO}]}],
    params=("messages[0].content[0].type", None),
    codes=(*_MISSING, "invalid_value", None),
)
wrong(
    CHAT,
    "part-unknown",
    "A content part of an unknown type",
    messages=[{"role": "user", "content": [{"type": "smell", "smell": HELLO}]}],
    params=("messages[0].content[0].type", "messages[0].content[0]", None),
    codes=("invalid_value", None),
)
wrong(
    CHAT,
    "part-empty",
    "A text part without `text`",
    messages=[{"role": "user", "content": [{"type": "text"}]}],
    params=("messages[0].content[0].text", None),
    codes=(*_MISSING, "invalid_type", None),
)
