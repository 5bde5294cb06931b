"""Faults of response objects: what they say does not fit together, or is not what was asked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.reply import Reply
from conformance.reference.sse import dump

Json = dict[str, Any]
Event = tuple[str, Json]
Changing = Callable[[Call, Json], Any]
Changer = Callable[[Changing], Changing]
When = Callable[[Call], bool]


def unstored(call: Call) -> bool:
    """Not one of the responses that are retrieved or compared afterwards."""
    kept = call.fields.get("store") is True or call.fields.get("background")
    return not kept and not _compared(call)


def _compared(call: Call) -> bool:
    said = str(call.fields.get("input"))
    if call.stream:
        return False
    if said.startswith("What is the weather in Paris, in celsius"):
        return call.fields.get("tool_choice") == "required" and len(call.fields["tools"]) == 1
    plain = {"model", "input", "temperature", "max_output_tokens"}
    return said.startswith("Repeat exactly: The") and set(call.fields) == plain


def whole(
    id: str,
    *,
    breaks: str | Sequence[str] | None = None,
    when: When = unstored,
    route: str = "responses",
    field_defects: str | Sequence[str] = (),
) -> Callable[[Callable[[Call, Json], Any]], Callable[[Call, Json], Any]]:
    """A fault of a whole answer; the stored one stays as it is."""

    def register(change: Callable[[Call, Json], Any]) -> Callable[[Call, Json], Any]:
        def hook(call: Call, body: Json) -> Any:
            body = copy.deepcopy(body)
            changed = change(call, body)
            return body if changed is None else changed

        fault(id, at="reply", route=route, breaks=breaks, when=when,
              field_defects=field_defects, text=change.__doc__)(hook)  # fmt: skip
        return change

    return register


def streamed(
    id: str,
    *,
    breaks: str | Sequence[str] | None = None,
    when: When = unstored,
    renumber: bool = True,
    field_defects: str | Sequence[str] = (),
) -> Callable[[Callable[[Call, list[Event]], Any]], Callable[[Call, list[Event]], Any]]:
    """A fault of the events of a stream; the stored response stays as it is."""

    def register(
        change: Callable[[Call, list[Event]], Any],
    ) -> Callable[[Call, list[Event]], Any]:
        def hook(call: Call, events: list[Event]) -> Any:
            if not call.stream:
                return None
            copied = [(name, copy.deepcopy(payload)) for name, payload in events]
            changed = change(call, copied)
            found = copied if changed is None else changed
            if renumber:
                for number, (_, payload) in enumerate(found):
                    payload["sequence_number"] = number
            return found

        fault(id, at="chunks", route="responses", breaks=breaks, when=when,
              field_defects=field_defects, text=change.__doc__)(hook)  # fmt: skip
        return change

    return register


def _talking(call: Call) -> bool:
    return unstored(call) and not {"include", "text"} & set(call.fields)


def items(body: Json, *kinds: str) -> list[Json]:
    return [item for item in body.get("output", ()) if item["type"] in kinds]


def texts(body: Json) -> list[Json]:
    """The text parts of a response."""
    return [p for i in items(body, "message") for p in i["content"] if p["type"] == "output_text"]


@fault("responses.one-document", at="http", route="responses",
       when=lambda call: call.fields.get("stream") is False)  # fmt: skip
def always_events(call: Call, reply: Reply) -> None:
    """`stream: false` is answered by events."""
    if reply.status == 200 and isinstance(reply.body, bytes):
        reply.set("content-type", "text/event-stream")
        reply.body = b"data: " + reply.body + b"\n\n"


@fault("responses.no-error-as-success", at="http", route="responses",
       when=lambda call: "metadata" in call.fields and unstored(call))  # fmt: skip
def error_as_success(call: Call, reply: Reply) -> None:
    """An error of the engine is answered with status 200."""
    if reply.status == 200 and isinstance(reply.body, bytes):
        error = {"message": "Out of memory.", "type": "server_error", "param": None, "code": None}
        reply.body = dump({"error": error}).encode()


@whole("responses.id.unique")
def same_id(call: Call, body: Json) -> None:
    """Every response has one id."""
    body["id"] = "resp_0"


@whole("responses.item.id-unique",
       breaks=("responses.item.id-unique", "responses.item.ids-across",
               "responses.tools.parallel",
               "responses.item.shape.function-call.id.prefix",
               "responses.item.shape.reasoning.id.prefix"))  # fmt: skip
def same_item_ids(call: Call, body: Json) -> None:
    """All items have the id 0."""
    for item in body["output"]:
        item["id"] = "msg_0"


@whole("responses.item.ids-across")
def same_message_id(call: Call, body: Json) -> None:
    """The message of every response has one id."""
    for item in items(body, "message"):
        item["id"] = "msg_0"


@whole("responses.item.call-id-unique",
       breaks=("responses.item.call-id-unique", "responses.tools.parallel"),
       when=lambda call: unstored(call) and "Cairo" in str(call.fields))  # fmt: skip
def same_call_ids(call: Call, body: Json) -> None:
    """All calls of an answer have the id of the first."""
    made = items(body, "function_call")
    for item in made[1:]:
        item["call_id"] = made[0]["call_id"]


@whole("responses.created-at.now")
def created_earlier(call: Call, body: Json) -> None:
    """`created_at` is a fixed time."""
    body["created_at"] = 1_700_000_000


@whole("responses.completed-at")
def completed_before(call: Call, body: Json) -> None:
    """`completed_at` is before `created_at`."""
    if body["completed_at"]:
        body["completed_at"] = body["created_at"] - 60


@whole("responses.status.ended", breaks=("responses.status.ended", "responses.tools.status"))
def never_ended(call: Call, body: Json) -> None:
    """A response that has ended says that it is in progress."""
    if body["status"] == "completed":
        body["status"] = "in_progress"


@whole("responses.status.error-null", breaks=("responses.status.error-null",
       "responses.shape.error.code"))  # fmt: skip
def empty_error(call: Call, body: Json) -> None:
    """A completed response has an error without a code."""
    body["error"] = {"code": "", "message": ""}


@whole("responses.status.error-null/object", breaks=("responses.status.error-null",
       "responses.shape.error.code", "responses.shape.error.message"))  # fmt: skip
def object_error(call: Call, body: Json) -> None:
    """A completed response has an empty object as its error."""
    body["error"] = {}


@whole("responses.status.error-told",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def failed_silently(call: Call, body: Json) -> None:
    """A failed response does not say why."""
    body["status"] = "failed"


@whole("responses.status.incomplete-told",
       breaks=("responses.status.incomplete-told",))  # fmt: skip
def incomplete_silently(call: Call, body: Json) -> None:
    """An incomplete response does not say why."""
    body["incomplete_details"] = None


@whole("responses.status.no-details")
def details_always(call: Call, body: Json) -> None:
    """A completed response has `incomplete_details`."""
    if body["status"] == "completed":
        body["incomplete_details"] = {"reason": "stop"}


@whole("responses.status.items")
def item_running(call: Call, body: Json) -> None:
    """The message of a completed response is in progress."""
    if body["status"] == "completed":
        for item in items(body, "message"):
            item["status"] = "in_progress"


@whole("responses.output.not-empty",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def no_output(call: Call, body: Json) -> None:
    """A completed response has no output."""
    body["output"] = []


@whole("responses.output.message-content",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def no_content(call: Call, body: Json) -> None:
    """A message has no content."""
    for item in items(body, "message"):
        item["content"] = []


@whole("responses.output.part-type", breaks=("responses.output.part-type", "responses.text",
       "responses.tools.result-by-id", "responses.tools.result-used"))  # fmt: skip
def chat_parts(call: Call, body: Json) -> None:
    """The parts of a message have the type `text`."""
    for part in texts(body):
        part["type"] = "text"


@whole("responses.output.no-chat-items",
       when=lambda call: unstored(call) and "metadata" in call.fields)  # fmt: skip
def chat_items(call: Call, body: Json) -> None:
    """The output is a part without a message."""
    body["output"] = [{"type": "output_text", "text": "Hello.", "annotations": []}]


@whole("responses.output.no-control-tokens", when=_talking)
def end_token(call: Call, body: Json) -> None:
    """The text ends with the model's end token."""
    for part in texts(body):
        part["text"] += "<|im_end|>"


@whole("responses.output.no-thoughts", when=_talking)
def thoughts(call: Call, body: Json) -> None:
    """The reasoning stands at the beginning of the text."""
    for part in texts(body):
        part["text"] = "<think>Let me see.</think>" + part["text"]


@whole("responses.model")
def other_model(call: Call, body: Json) -> None:
    """`model` is the name of a file."""
    body["model"] = "/data/weights.gguf"


@whole("responses.text", when=lambda call: set(call.fields) == {"model", "input"})
def empty_text(call: Call, body: Json) -> None:
    """The text is empty."""
    for part in texts(body):
        part["text"] = ""


# ---- usage -------------------------------------------------------------------------------------


@whole("responses.usage.given")
def no_usage(call: Call, body: Json) -> None:
    """The usage of a response is null."""
    body["usage"] = None


@whole("responses.usage.total")
def total_output(call: Call, body: Json) -> None:
    """`total_tokens` is the output alone."""
    body["usage"]["total_tokens"] = body["usage"]["output_tokens"]


@whole("responses.usage.total/off-by-one", breaks="responses.usage.total")
def total_off(call: Call, body: Json) -> None:
    """`total_tokens` is one too many."""
    body["usage"]["total_tokens"] += 1


def _zero(key: str) -> Callable[[Call, Json], None]:
    def change(call: Call, body: Json) -> None:
        usage = body["usage"]
        usage["total_tokens"] -= usage[key]
        usage[key] = 0

    change.__doc__ = f"`{key}` is 0."
    return change


whole(
    "responses.usage.input-counted",
    breaks=(
        "responses.usage.input-counted",
        "responses.usage.input-grows",
        "responses.instructions.used",
        "responses.input.developer-used",
        "responses.input.history-used",
        "responses.input.parts-used",
        "responses.tools.counted",
        "responses.tools.result-counted",
        "responses.input-tokens.equal",
    ),
)(_zero("input_tokens"))
whole(
    "responses.usage.output-counted",
    breaks=("responses.usage.output-counted", "responses.usage.reasoning-within"),
)(_zero("output_tokens"))


@whole("responses.usage.cached-within")
def cached_more(call: Call, body: Json) -> None:
    """More tokens were cached than sent."""
    usage = body["usage"]
    usage["input_tokens_details"]["cached_tokens"] = usage["input_tokens"] + 1


@whole("responses.usage.reasoning-within")
def reasoned_more(call: Call, body: Json) -> None:
    """More tokens were thought than generated."""
    usage = body["usage"]
    usage["output_tokens_details"]["reasoning_tokens"] = usage["output_tokens"] + 5


@fault("responses.usage.within-limit", at="accepted", route="responses",
       when=lambda call: "Count" in str(call.fields.get("input")) and not call.stream,
       breaks=("responses.usage.within-limit", "responses.echo.max-output-tokens",
               "responses.limit.incomplete"))  # fmt: skip
def unlimited(call: Call, body: Json) -> Json:
    """`max_output_tokens` is ignored."""
    return {**body, "max_output_tokens": None}


@whole("responses.usage.no-chat-names")
def both_names(call: Call, body: Json) -> None:
    """The usage has the names of both APIs."""
    usage = body["usage"]
    usage |= {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
    }


@whole("responses.usage.steady", when=lambda call: call.fields.get("input") is not None,
       breaks=("responses.usage.steady",
               "responses.input-tokens.equal"))  # fmt: skip
def drifting(call: Call, body: Json) -> None:
    """A few tokens more are counted each time."""
    if not body["usage"]:
        return
    number = call.app.data["drift"] = call.app.data.get("drift", 0) + 1
    body["usage"]["input_tokens"] += number % 7
    body["usage"]["total_tokens"] += number % 7


@streamed("responses.usage.output-grows", when=lambda call: "100" in str(call.fields.get("input")))
def counts_one(call: Call, events: list[Event]) -> None:
    """One output token is counted whatever the text is."""
    usage = events[-1][1]["response"]["usage"]
    usage["output_tokens"] = 1
    usage["total_tokens"] = usage["input_tokens"] + 1


# ---- options ------------------------------------------------------------------------------------

_WRONG: dict[str, Any] = {
    "instructions": "You are a helpful assistant.",
    "metadata": {},
    "temperature": 1.3,
    "top_p": 0.1,
    "parallel_tool_calls": None,
    "previous_response_id": None,
    "truncation": "disabled",
    "max_output_tokens": 4096,
    "store": True,
    "background": None,
    "user": None,
    "safety_identifier": None,
    "prompt_cache_key": None,
    "top_logprobs": 0,
}


def _not_repeated(key: str) -> None:
    def change(call: Call, body: Json) -> None:
        asked = call.fields.get(key)
        if asked is None or body["status"] == "queued":
            return
        if isinstance(asked, bool):
            body[key] = not asked
        elif asked != _WRONG[key]:
            body[key] = _WRONG[key]

    change.__doc__ = f"`{key}` is not repeated but something else."
    also = {"instructions": (), "store": ()}.get(key, ())
    anywhere = key in ("previous_response_id",)
    when = (lambda call: not call.stream) if anywhere else unstored
    whole(f"responses.echo.{key.replace('_', '-')}", when=when,
          breaks=(f"responses.echo.{key.replace('_', '-')}", *also))(change)  # fmt: skip


for _key in _WRONG:
    _not_repeated(_key)


@whole("responses.echo.tool-choice")
def choice_auto(call: Call, body: Json) -> None:
    """`tool_choice` is always auto."""
    body["tool_choice"] = "auto"


@whole("responses.echo.tools", breaks=("responses.echo.tools",))
def tools_dropped(call: Call, body: Json) -> None:
    """`tools` is always empty."""
    body["tools"] = []


@whole("responses.echo.tool-parameters")
def parameters_dropped(call: Call, body: Json) -> None:
    """The functions are repeated without their parameters."""
    for tool in body["tools"]:
        if "parameters" in tool:
            tool["parameters"] = {"type": "object", "properties": {}}


@whole("responses.echo.format")
def format_text(call: Call, body: Json) -> None:
    """`text.format` is always text."""
    body["text"] = {"format": {"type": "text"}}


@whole("responses.echo.format-given", field_defects=())
def format_dropped(call: Call, body: Json) -> None:
    """`text` says nothing."""
    body["text"] = {}


@whole("responses.echo.effort")
def effort_fixed(call: Call, body: Json) -> None:
    """The effort is always medium."""
    body["reasoning"]["effort"] = "medium"


@whole("responses.echo.unsent", when=lambda call: set(call.fields) == {"model", "input"})
def prompt_leaks(call: Call, body: Json) -> None:
    """The server's own system prompt stands in `instructions`."""
    body["instructions"] = "You are HelperBot. Never say that you are a model."


@fault("responses.error.no-messages", at="error", route="responses",
       when=lambda call: "messages" not in call.fields,
       breaks=("responses.error.no-messages", "responses.previous.error"),
       field_defects="resp-wrong-validator")  # fmt: skip
def wrong_validator(call: Call, error: Any) -> None:
    """Errors are those of the chat route."""
    if error.status == 400:
        error.body["error"] |= {
            "message": "Missing required parameter: 'messages'.",
            "param": "messages",
        }


@fault("responses.error.messages-refused", at="request", route="responses",
       when=lambda call: "messages" in call.fields)  # fmt: skip
def nothing_asked(call: Call, body: Json) -> Json:
    """Without an input something is answered all the same."""
    return {"model": body["model"], "input": "Hello."}


# ---- text and logprobs -------------------------------------------------------------------------


def _halved(text: str) -> str:
    return "".join("\ufffd\ufffd" if c > "\uffff" else c for c in text)


@whole("responses.encoding.whole")
def halved(call: Call, body: Json) -> None:
    """An emoji is two replacement characters."""
    for part in texts(body):
        part["text"] = _halved(part["text"])


@streamed("responses.encoding.streamed", breaks=("responses.encoding.streamed",
          "responses.stream.text.joins", "responses.stream.text.item-same",
          "responses.stream.text.part-same"))  # fmt: skip
def halved_deltas(call: Call, events: list[Event]) -> None:
    """An emoji is streamed as two replacement characters."""
    for name, payload in events:
        if name == "response.output_text.delta":
            payload["delta"] = _halved(payload["delta"])


@whole("responses.logprobs.not-ignored",
       breaks=("responses.logprobs.not-ignored",))  # fmt: skip
def no_logprobs(call: Call, body: Json) -> None:
    """Logprobs are asked for and not given."""
    for part in texts(body):
        part["logprobs"] = []


@whole("responses.logprobs.aligned")
def shifted_logprobs(call: Call, body: Json) -> None:
    """The logprobs lack the first token."""
    for part in texts(body):
        part["logprobs"] = part["logprobs"][1:]


@streamed("responses.logprobs.aligned-streamed")
def shifted_stream(call: Call, events: list[Event]) -> None:
    """The logprobs of the final response lack the last token."""
    for part in texts(events[-1][1].get("response", {})):
        part["logprobs"] = part["logprobs"][:-1]


@whole("responses.logprobs.top")
def more_tops(call: Call, body: Json) -> None:
    """Five alternatives are given where two were asked for."""
    for part in texts(body):
        for entry in part["logprobs"]:
            entry["top_logprobs"] = (entry["top_logprobs"] * 5)[:5]


@streamed("responses.logprobs.deltas")
def bare_deltas(call: Call, events: list[Event]) -> None:
    """The logprobs come with the end alone."""
    for name, payload in events:
        if name == "response.output_text.delta":
            payload["logprobs"] = []


@streamed("responses.logprobs.unasked", when=lambda call: "include" not in call.fields)
def always_logprobs(call: Call, events: list[Event]) -> None:
    """Deltas carry logprobs that nobody asked for."""
    for name, payload in events:
        if name == "response.output_text.delta":
            entry = {"token": payload["delta"], "logprob": -0.1, "bytes": [], "top_logprobs": []}
            payload["logprobs"] = [entry]


# ---- limits and counting ------------------------------------------------------------------------


def _cut(call: Call) -> bool:
    return call.fields.get("max_output_tokens") == 16


@whole("responses.limit.incomplete", when=_cut)
def cut_completed(call: Call, body: Json) -> None:
    """A response that was cut off is completed."""
    body["status"], body["incomplete_details"] = "completed", None
    for item in body["output"]:
        item["status"] = "completed"


@whole("responses.limit.reason", when=_cut,
       breaks=("responses.limit.reason", "responses.status.incomplete-told"))  # fmt: skip
def length(call: Call, body: Json) -> None:
    """The reason is that of chat completions."""
    body["incomplete_details"] = {"reason": "length"}


@whole("responses.limit.item", when=_cut)
def item_completed(call: Call, body: Json) -> None:
    """The message that was cut off is completed."""
    body["output"][-1]["status"] = "completed"


@streamed("responses.limit.incomplete-streamed", when=_cut,
          breaks=("responses.limit.incomplete-streamed",))  # fmt: skip
def cut_completed_stream(call: Call, events: list[Event]) -> list[Event]:
    """A stream that was cut off ends with `response.completed`."""
    for _, payload in events:
        if payload.get("item", {}).get("status") == "incomplete":
            payload["item"]["status"] = "completed"
    response = events[-1][1]["response"]
    response |= {"status": "completed", "incomplete_details": None}
    for item in response["output"]:
        item["status"] = "completed"
    end = {"type": "response.completed", "sequence_number": 0, "response": response}
    return [*events[:-1], ("response.completed", end)]


def _forget(id: str, change: Callable[[Json], Any], text: str, *also: str) -> None:
    def hook(call: Call, body: Json) -> Any:
        return change(dict(body))

    fault(id, at="accepted", route="responses", breaks=(id, *also), text=text,
          when=lambda call: call.fields.get("max_output_tokens") == 32)(hook)  # fmt: skip


def _no_instructions(body: Json) -> Json:
    if "Shelf" in str(body.get("instructions")):
        body["instructions"] = ""
    return body


def _no_developer(body: Json) -> Json:
    if isinstance(body["input"], list):
        body["input"] = [i for i in body["input"] if i.get("role") != "developer"]
    return body


def _last_only(body: Json) -> Json:
    if isinstance(body["input"], list) and len(body["input"]) == 3:
        body["input"] = body["input"][-1:]
    return body


def _last_part(body: Json) -> Json:
    if isinstance(body["input"], list) and isinstance(body["input"][-1].get("content"), list):
        last = dict(body["input"][-1])
        last["content"] = last["content"][-1:]
        body["input"] = [*body["input"][:-1], last]
    return body


def _short_only(body: Json) -> Json:
    if isinstance(body["input"], str) and body["input"].startswith("Shelf"):
        body["input"] = body["input"][-30:]
    return body


_forget("responses.instructions.used", _no_instructions, "`instructions` are ignored.",
        "responses.echo.instructions")  # fmt: skip
_forget("responses.input.developer-used", _no_developer, "Developer messages are dropped.")
_forget("responses.input.history-used", _last_only, "Only the last message is read.",
        "responses.items.complete")  # fmt: skip
_forget("responses.input.parts-used", _last_part, "Only the last part of a message is read.")
_forget("responses.usage.input-grows", _short_only, "Long inputs are cut in silence.")


def refuses(id: str, when: Callable[[Json], bool], text: str, defect: str = "") -> None:
    """A fault by which a valid request is refused."""

    def hook(call: Call, body: Json) -> None:
        if when(body):
            raise invalid(text, "input")

    fault(id, at="request", route="responses", text=f"Refused: {text}",
          field_defects=(defect,) if defect else ())(hook)  # fmt: skip


@whole("responses.usage.no-details", field_defects="resp-usage-details-missing",
       breaks=("responses.shape.usage.input-tokens-details",
               "responses.shape.usage.output-tokens-details"))  # fmt: skip
def details_missing(call: Call, body: Json) -> None:
    """The usage has no details."""
    for key in ("input_tokens_details", "output_tokens_details"):
        (body["usage"] or {}).pop(key, None)
