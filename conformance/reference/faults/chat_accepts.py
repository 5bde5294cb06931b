"""Faults of chat and legacy completions: valid requests that are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.probes import chat_accepts, completions
from conformance.reference.call import Call
from conformance.reference.errors import ApiError, invalid
from conformance.reference.fault import fault
from conformance.reference.faults.chat import SERVER, crash, last_text, messages_of, whole

Json = dict[str, Any]
Test = Callable[[Json], bool]


def refuse(
    id: str,
    words: str,
    test: Test,
    *,
    route: str = "chat",
    error: Callable[[], ApiError] | None = None,
    **more: Any,
) -> None:
    """Register a fault that refuses the requests of a test; they are counted by nobody else."""

    def hook(call: Call, body: Json) -> None:
        if test(body):
            raise error() if error else invalid(words, None, "invalid_value")

    more.setdefault("when", whole)
    given = more.pop("breaks", (id,))
    if error is not None and error().status >= 500:
        given = (*given, *SERVER)
    more["breaks"] = given
    fault(id, at="request", route=route, text=words, **more)(hook)


def _is(name: str, value: Any) -> Test:
    """The parameter has exactly this value, in a request of the bundle."""

    def test(body: Json) -> bool:
        return name in body and body[name] == value and type(body[name]) is type(value)

    return test


def _bundled(test: Test) -> Callable[[Call], bool]:
    """Only in the plain requests by which parameters are tried out."""

    def when(call: Call) -> bool:
        body = call.fields
        return whole(call) and body.get("max_tokens") in (32, 8) and test(body)

    return when


for _kind, _values in {
    "null": chat_accepts.NULLS,
    "neutral": chat_accepts.NEUTRALS,
    "bound": chat_accepts.BOUNDS,
    "value": chat_accepts.FRACTIONS,
}.items():
    for _name, (_, _value) in _values.items():
        _test = _is(_name, _value)
        _defects: tuple[str, ...] = ()
        if (_kind, _name) == ("null", "stop"):
            _defects = ("stop-null-crashes",)
        elif (_kind, _name) == ("neutral", "frequency_penalty"):
            _defects = ("params-forbidden-standard-openai",)
        elif (_kind, _name) == ("neutral", "store"):
            _defects = ("req-standard-fields-forbidden",)
        refuse(
            f"chat.{_kind}.{_name.replace('_', '-')}",
            f"{_name} of {_value!r} is refused.",
            lambda body: True,
            when=_bundled(_test),
            field_defects=_defects,
            error=(lambda: crash())
            if _kind == "null"
            else (lambda: invalid("extra fields not permitted")),
        )

for _kind, _several in {
    "null": ("seed", "stop"),
    "neutral": ("user", "store"),
    "bound": ("seed", "temperature"),
    "value": ("seed", "temperature"),
}.items():
    _table = {
        "null": chat_accepts.NULLS,
        "neutral": chat_accepts.NEUTRALS,
        "bound": chat_accepts.BOUNDS,
        "value": chat_accepts.FRACTIONS,
    }[_kind]
    refuse(
        f"chat.{_kind}.together",
        f"{' and '.join(_several)} are refused together.",
        lambda body: True,
        when=_bundled(
            lambda body, table=_table, several=_several: all(  # type: ignore[misc]
                _is(name, table[name][1])(body) for name in several
            )
        ),
        error=crash,
    )


def _roles(body: Json) -> list[str]:
    return [str(m.get("role")) for m in messages_of(body)]


def _order(body: Json) -> bool:
    return body.get("max_tokens") == 16 and body.get("temperature") is None


ORDERS: dict[str, Test] = {
    "assistant-first": lambda b: next((r for r in _roles(b) if r != "system"), "") == "assistant",
    "two-users": lambda b: "user user" in " ".join(_roles(b)),
    "two-systems": lambda b: "system system" in " ".join(_roles(b)),
    "late-system": lambda b: "assistant system" in " ".join(_roles(b)),
    "name": lambda b: any("name" in m for m in messages_of(b)),
    "empty-text": lambda b: any(m.get("content") == "" for m in messages_of(b)),
    "assistant-last": lambda b: (_roles(b) or [""])[-1] == "assistant",
    "system-only": lambda b: _roles(b) == ["system"],
}
for _name, _look in ORDERS.items():
    refuse(
        f"chat.order.{_name}",
        "Conversation roles must alternate user/assistant/user/assistant.",
        lambda body, look=_look: _order(body) and look(body),  # type: ignore[misc]
        field_defects="system-role-rejected-500" if _name == "two-systems" else (),
    )
refuse("chat.order.together", "A long conversation of mixed roles is refused.",
       lambda body: _order(body) and len(_roles(body)) > 6, error=crash)  # fmt: skip

for _name, _more in chat_accepts.OPTIONAL.items():
    _key = next(iter(_more))
    _wanted = _is(_key, _more[_key])
    refuse(
        f"chat.optional.{_name.replace('_', '-')}",
        f"{_key} is a 500.",
        lambda b, test=_wanted: (
            test(b)  # type: ignore[misc]
            and "reasoning" not in str(b.get("model"))
        ),
        error=crash,
    )


@fault("chat.null.means-absent", at="reply", route="chat",
       when=lambda call: whole(call) and "logprobs" in call.fields
       and call.fields["logprobs"] is None and call.fields.get("max_tokens") == 32)  # fmt: skip
def null_empties(call: Call, reply: Json) -> None:
    """A null is taken for 0: nothing is generated."""
    for choice in reply["choices"]:
        choice["message"]["content"] = ""


@fault("chat.neutral.changes-nothing", at="reply", route="chat",
       breaks=("chat.neutral.changes-nothing", "chat.logprobs.only-when-asked"),
       when=lambda call: whole(call) and call.fields.get("logprobs") is False)  # fmt: skip
def false_is_true(call: Call, reply: Json) -> None:
    """That logprobs is there counts as true, whatever its value is."""
    entry = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}
    for choice in reply["choices"]:
        choice["logprobs"] = {"content": [entry], "refusal": None}


refuse("chat.accepts.basic", "Every request is refused for a while.",
       lambda b: set(b) == {"model", "messages", "temperature", "max_tokens"}
       and b["max_tokens"] == 64 and len(messages_of(b)) == 1 and b["temperature"] == 0
       and str(messages_of(b)[0].get("content")).endswith("lazy dog."),
       breaks=("chat.accepts.basic", "chat.accepts.others"))  # fmt: skip
refuse("chat.accepts.max-tokens", "max_tokens is refused.",
       lambda b: b.get("max_tokens") == 5 and "Count" in str(b.get("messages"))
       and set(b) == {"model", "messages", "temperature", "max_tokens"})  # fmt: skip
refuse("chat.accepts.max-completion-tokens", "max_completion_tokens is refused.",
       lambda b: b.get("max_completion_tokens") == 5)  # fmt: skip
refuse("chat.accepts.one-token", "max_tokens has to be above 1.",
       lambda b: b.get("max_tokens") == 1 and b.get("temperature") == 0,
       when=lambda call: whole(call) and "dragon" in last_text(call))  # fmt: skip


@fault("chat.accepts.charset", at="received", route="chat")
def charset_refused(call: Call, value: Any) -> None:
    """The content type has to be application/json, without a charset."""
    if "charset" in call.headers.get("content-type", "") and b'"max_tokens": 96' in call.raw:
        raise ApiError(415, "Unsupported media type.")


for _kind, _given in {
    "null": dict.fromkeys(completions.NULLS),
    "neutral": completions.NEUTRALS,
}.items():
    for _name, _value in _given.items():
        refuse(
            f"completions.{_kind}.{_name.replace('_', '-')}",
            f"{_name} of {_value!r} is refused.",
            _is(_name, _value),
            route="completions",
            when=lambda call: (
                "temperature" not in call.fields or call.fields["temperature"] is None
            ),
        )
    _several_key = {"null": "suffix", "neutral": "user"}[_kind]
    refuse(
        f"completions.{_kind}.together",
        "Many parameters at once are refused.",
        lambda body, key=_several_key: len(body) > 9 and key in body,  # type: ignore[misc]
        route="completions",
        error=crash,
    )
