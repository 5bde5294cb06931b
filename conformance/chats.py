"""Reading chat and text completions of any shape: nothing here raises on garbage.

What is missing or of a wrong type reads as None or as empty, because another requirement speaks of
it; a case then says that it does not apply.
"""

from __future__ import annotations

import re
from typing import Any

from conformance.exchange import Exchange
from conformance.expect import NotApplicable

SPECIAL_TOKENS = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>",
    "<|end_header_id|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eom_id|>", "<|end|>",
    "<|assistant|>", "<|user|>", "<|system|>", "<|python_tag|>", "<|return|>", "<|channel|>",
    "<|message|>", "<|call|>", "<end_of_turn>", "<start_of_turn>", "</s>", "<s>", "[INST]",
    "[/INST]", "<<SYS>>", "<pad>", "<eos>", "<bos>", "<unk>", "<|tool_call|>", "<|fim_middle|>",
    "<｜end▁of▁sentence｜>", "<｜Assistant｜>", "<｜User｜>", "<|eos|>", "<|pad|>", "<0x0A>",
    "<|endofprompt|>", "<|vision_start|>", "<extra_id_0>",
)  # fmt: skip
"""Control tokens of the common model families, as text."""


def integer(value: Any) -> int | None:
    """The value if it is an integer (no boolean)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def body_of(exchange: Exchange) -> dict[str, Any]:
    """The answer's object, {} when it is none."""
    body = exchange.json
    return body if isinstance(body, dict) else {}


def choices_of(exchange: Exchange) -> list[dict[str, Any]]:
    """The choices that are objects, in the order of the answer."""
    found = body_of(exchange).get("choices")
    return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []


def message_of(choice: dict[str, Any]) -> dict[str, Any]:
    """The message of a choice."""
    message = choice.get("message")
    return message if isinstance(message, dict) else {}


def contents_of(exchange: Exchange) -> list[str]:
    """The texts of the choices that have one."""
    found = [message_of(choice).get("content") for choice in choices_of(exchange)]
    return [text for text in found if isinstance(text, str)]


def content_of(exchange: Exchange) -> str:
    """The text of the first choice. Raises NotApplicable where there is none."""
    listed = choices_of(exchange)
    text = message_of(listed[0]).get("content") if listed else None
    if not isinstance(text, str):
        raise NotApplicable("the answer has no text")
    return text


def same_start(one: str, other: str) -> bool:
    """Whether the shorter of two texts is the beginning of the longer one."""
    first, second = one.strip().lower(), other.strip().lower()
    return first.startswith(second) or second.startswith(first)


def ended_at_once(x: Exchange) -> bool:
    """Whether the model itself ended its answer before a word: nothing was counted as made."""
    made = count_of(x, "completion_tokens")
    return finish_of(x) == "stop" and not any(contents_of(x)) and (made is None or made <= 1)


def finish_of(exchange: Exchange) -> str | None:
    """The finish reason of the first choice."""
    listed = choices_of(exchange)
    reason = listed[0].get("finish_reason") if listed else None
    return reason if isinstance(reason, str) else None


def usage_of(exchange: Exchange) -> dict[str, Any]:
    """The usage object, {} when there is none."""
    usage = body_of(exchange).get("usage")
    return usage if isinstance(usage, dict) else {}


def count_of(exchange: Exchange, name: str) -> int | None:
    """One count of the usage object."""
    return integer(usage_of(exchange).get(name))


def counted(exchange: Exchange, name: str) -> int:
    """One count of the usage object. Raises NotApplicable where there is none."""
    value = count_of(exchange, name)
    if value is None:
        raise NotApplicable(f"the answer has no usage.{name}")
    return value


def detail_of(exchange: Exchange, group: str, name: str) -> int | None:
    """One count of a details object of usage."""
    details = usage_of(exchange).get(group)
    return integer(details.get(name)) if isinstance(details, dict) else None


def limit_of(exchange: Exchange) -> int | None:
    """The limit of tokens that the request set; None where it set two."""
    named = [exchange.sent.get(name) for name in ("max_completion_tokens", "max_tokens")]
    limits = {limit for limit in map(integer, named) if limit is not None}
    return limits.pop() if len(limits) == 1 else None


def asked_n(exchange: Exchange) -> int:
    """How many choices the request asked for each prompt."""
    return integer(exchange.sent.get("n")) or 1


def stops_of(exchange: Exchange) -> list[str]:
    """The stop strings that the request named; none with U+FFFD, which stands for other bytes."""
    stop = exchange.sent.get("stop")
    listed = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
    return [s for s in listed if isinstance(s, str) and s and "\ufffd" not in s]


def said(exchange: Exchange) -> str:
    """Everything that the request holds, as text."""
    return exchange.request.body.decode("utf-8", "replace")


def entries_of(choice: dict[str, Any]) -> list[dict[str, Any]]:
    """The logprobs of a choice's content, [] when there are none."""
    logprobs = choice.get("logprobs")
    found = logprobs.get("content") if isinstance(logprobs, dict) else None
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def numbers(values: Any) -> list[float]:
    """The numbers of a list."""
    if not isinstance(values, list):
        return []
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def prompt_texts(exchange: Exchange) -> list[str]:
    """The prompts of a legacy completion that are texts."""
    prompt = exchange.sent.get("prompt")
    if isinstance(prompt, str):
        return [prompt]
    if isinstance(prompt, list) and all(isinstance(p, str) for p in prompt):
        return list(prompt)
    return []


def prompt_count(exchange: Exchange) -> int:
    """How many prompts a legacy completion holds."""
    prompt = exchange.sent.get("prompt")
    if isinstance(prompt, list) and prompt and not all(isinstance(p, int) for p in prompt):
        return len(prompt)
    return 1


def streamed_choices(exchange: Exchange) -> list[dict[str, Any]]:
    """Every choice of every chunk of a stream, in order."""
    found: list[dict[str, Any]] = []
    for payload in exchange.payloads:
        listed = payload.get("choices") if isinstance(payload, dict) else None
        found += [c for c in listed if isinstance(c, dict)] if isinstance(listed, list) else []
    return found


def streamed_text(exchange: Exchange, index: int = 0) -> str:
    """The joined `text` pieces of one choice of a legacy stream."""
    return "".join(
        c["text"]
        for c in streamed_choices(exchange)
        if c.get("index") == index and isinstance(c.get("text"), str)
    )


def legacy_texts_of(exchange: Exchange) -> list[str]:
    """The texts of the choices of a legacy completion."""
    return [c["text"] for c in choices_of(exchange) if isinstance(c.get("text"), str)]


def legacy_text_of(exchange: Exchange) -> str:
    """The first text of a legacy completion. Raises NotApplicable where there is none."""
    listed = choices_of(exchange)
    text = listed[0].get("text") if listed else None
    if not isinstance(text, str):
        raise NotApplicable("the answer has no text")
    return text


def related(asked: str, answered: str) -> bool:
    """Whether one model name may stand for the other: an alias, a snapshot, a longer path."""
    one, two = (re.sub(r"^.*/", "", n.lower()) or n.lower() for n in (asked, answered))
    if one in two or two in one:
        return True
    words = [set(re.findall(r"[a-z]+|\d+", name)) for name in (one, two)]
    return len(words[0] & words[1]) * 2 >= min(map(len, words))


def judged_logprobs(x: Exchange) -> list[tuple[str, list[dict[str, Any]]]]:
    """Text and entries of each choice that has both. Raises NotApplicable when none has.

    Of a stream, what its chunks join to.
    """
    found = []
    if x.is_stream:
        streams: dict[Any, list[dict[str, Any]]] = {}
        for choice in streamed_choices(x):
            streams.setdefault(integer(choice.get("index")) or 0, []).append(choice)
        for listed in streams.values():
            deltas = [d for choice in listed if isinstance(d := choice.get("delta"), dict)]
            words = [t for delta in deltas if isinstance(t := delta.get("content"), str)]
            joined = [entry for choice in listed for entry in entries_of(choice)]
            if words and joined:
                found.append(("".join(words), joined))
    for choice in choices_of(x):
        text, entries = message_of(choice).get("content"), entries_of(choice)
        if isinstance(text, str) and entries:
            found.append((text, entries))
    if not found:
        raise NotApplicable
    return found
