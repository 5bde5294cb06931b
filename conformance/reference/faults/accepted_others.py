"""Valid requests that are refused for something that no other fault refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ApiError
from conformance.reference.fault import fault

Json = dict[str, Any]


def _refused(id: str, route: str, text: str, wrong: Callable[[Json], bool], **options: Any) -> None:
    def hook(call: Call, body: Json) -> None:
        if wrong(body):
            raise ApiError(400, text)

    fault(id, at="accepted", route=route, text=text, **options)(hook)


def stream(call: Call) -> bool:
    return call.stream


_refused("chat.accepts.others", "chat", "A text that is not ASCII is refused.",
         lambda body: not str(body["messages"]).isascii(),
         breaks=("chat.accepts.others", "chat.accepts.charset",
                 "http.request.escapes"),
         when=lambda call: not call.stream)  # fmt: skip
_refused("chat.stream.accepts.others", "chat", "Streams of more than 300 tokens are refused.",
         lambda body: (body.get("max_tokens") or 0) > 300, when=stream)  # fmt: skip
_refused("embeddings.accepts.others", "embeddings", "An input that says `again` is refused.",
         lambda body: "again" in str(body["input"]),
         breaks=("embeddings.accepts.others", "embeddings.accepts.batch",
                 "embeddings.accepts.base64-list", "embeddings.accepts.null-format",
                 "embeddings.accepts.repeated",
                 "embeddings.dimensions.accepts-base64"))  # fmt: skip
_refused("completions.accepts.others", "completions", "A temperature above 0 is refused.",
         lambda body: (body.get("temperature") or 0) > 0,
         breaks=("completions.accepts.others", "completions.accepts.n"))  # fmt: skip
_refused("responses.accepts.others", "responses", "An assistant message in the input is refused.",
         lambda body: "'role': 'assistant'" in str(body["input"])
         and "type" not in str(body["input"]),
         breaks=("responses.accepts.others", "responses.accepts.several"))  # fmt: skip
_refused("responses.stream.accepts.others", "responses",
         "Streams of more than 300 tokens are refused.",
         lambda body: (body.get("max_output_tokens") or 0) > 300, when=stream)  # fmt: skip
_refused(
    "chat.tools.history.name",
    "chat",
    "A tool message with a name is refused.",
    lambda body: any(m.get("role") == "tool" and m.get("name") for m in body["messages"]),
)
