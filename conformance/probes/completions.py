"""Legacy completions."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.chats import choices_of
from conformance.exchange import Exchange
from conformance.probe import Accepted, Context, Model, probe, scenario
from conformance.requirement import MUST, SHOULD, openai
from conformance.session import Session

MODEL = Model("completion")
FOX = "The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the"
TIME = "Once upon a time, in a village by the sea, there lived an old clockmaker who"
TOKENS = [464, 2068, 7586, 882]
MORE_TOKENS = [262, 3290]

capability("completions", "legacy text completions", "completions", core=True)
capability(
    "completions.stream",
    "streamed text completions",
    "completions_stream",
    within="completions",
    core=True,
)


def _logprobs_given(x: Exchange) -> bool:
    return any(isinstance(c.get("logprobs"), dict) for c in choices_of(x))


capability(
    "completions.logprobs",
    "log probabilities of text completions",
    "completions_logprobs",
    within="completions",
    took_effect=_logprobs_given,
)
capability(
    "completions.echo",
    "the prompt repeated before the completion (`echo`)",
    "completions_echo",
    within="completions",
    took_effect=lambda x: any(str(c.get("text") or "").startswith(FOX[:20]) for c in choices_of(x)),
)


def make(prompt: Any = FOX, **more: Any) -> tuple[str, str, dict[str, Any]]:
    """The first arguments of a completion probe."""
    body = {"model": MODEL, "prompt": prompt, "temperature": 0, "max_tokens": 8, **more}
    return ("POST", "/completions", body)


def _accepts(word: str, text: str, param: str) -> Accepted:
    source = openai(f"completions/create {param}")
    return Accepted(f"completions.accepts.{word}", MUST, text, source)


probe("completions", *make(), needs="completions", sdk=True)
probe("completions_again", *make(), needs="completions")
probe("completions_story", *make(TIME, temperature=1), needs="completions")
probe("completions_one", *make(TIME, max_tokens=1), needs="completions")
probe(
    "completions_default",
    "POST",
    "/completions",
    {"model": MODEL, "prompt": TIME},
    needs="completions",
    accepted=_accepts("minimal", "A model and a prompt are enough.", "model"),
)
probe(
    "completions_n",
    *make(TIME, n=2, temperature=1),
    needs="completions",
    accepted=_accepts("n", "`n` is accepted.", "n"),
)
probe(
    "completions_batch",
    *make([FOX, TIME]),
    needs="completions",
    accepted=_accepts("batch", "`prompt` may be a list of strings.", "prompt"),
)
probe(
    "completions_batch_n",
    *make([FOX, TIME], n=2, temperature=1),
    needs="completions",
)
probe(
    "completions_list_one",
    *make([FOX]),
    needs="completions",
    accepted=_accepts("list-of-one", "`prompt` may be a list of one string.", "prompt"),
)
probe(
    "completions_tokens",
    *make(TOKENS),
    needs="completions",
    accepted=_accepts("tokens", "`prompt` may be a list of token ids.", "prompt"),
)
probe(
    "completions_token_batch",
    *make([TOKENS, MORE_TOKENS]),
    needs="completions",
    accepted=_accepts("token-batch", "`prompt` may be a list of lists of token ids.", "prompt"),
)


def _text_of(c: Context) -> str:
    try:
        return str(c["completions"].json["choices"][0]["text"] or "")
    except (KeyError, IndexError, TypeError):
        return ""


def _stopping(c: Context, stop: Any, **more: Any) -> dict[str, Any]:
    return {**make()[2], "model": c.model("completion"), "stop": stop, **more}


def piece(text: str) -> str:
    """A stop string out of the middle of a text."""
    return text[len(text) // 2 : len(text) // 2 + 5] or " dog"


probe(
    "completions_stop",
    "POST",
    "/completions",
    lambda c: _stopping(c, piece(_text_of(c))),
    needs="completions",
    after=("completions",),
    accepted=_accepts("stop-string", "`stop` may be a single string.", "stop"),
)
probe(
    "completions_stop_list",
    "POST",
    "/completions",
    lambda c: _stopping(c, ["@@never@@", "##nor this##", piece(_text_of(c))]),
    needs="completions",
    after=("completions",),
    accepted=_accepts("stop-list", "`stop` may be a list of strings.", "stop"),
)
probe(
    "completions_logprobs",
    *make(TIME, logprobs=3),
    needs="completions",
    valid=False,
)
probe("completions_logprobs_zero", *make(TIME, logprobs=0), needs="completions.logprobs")
probe("completions_echo", *make(echo=True), needs="completions", valid=False)
probe(
    "completions_echo_logprobs",
    *make(echo=True, logprobs=1, max_tokens=1),
    needs="completions.echo",
    accepted=_accepts("echo-logprobs", "`echo` and `logprobs` are accepted together.", "echo"),
)
probe(
    "completions_echo_only",
    *make(echo=True, logprobs=1, max_tokens=0),
    needs="completions.echo",
    accepted=Accepted(
        "completions.accepts.echo-only",
        SHOULD,
        "`max_tokens: 0` is accepted together with `echo`.",
        openai("completions/create max_tokens"),
        ("evaluation harnesses score prompts in this way",),
    ),
)
probe(
    "completions_suffix",
    *make("def add(a, b):\n", suffix="\n    return result\n"),
    needs="completions",
    valid=False,
)
probe(
    "completions_best_of",
    *make(TIME, best_of=3, n=1, temperature=1),
    needs="completions",
    valid=False,
)

probe("completions_stream", *make(stream=True), needs="completions.stream")
probe(
    "completions_stream_usage",
    *make(stream=True, stream_options={"include_usage": True}),
    needs="completions.stream",
    accepted=_accepts("stream-usage", "`stream_options` is accepted.", "stream_options"),
)
probe(
    "completions_stream_batch",
    *make([FOX, TIME], stream=True),
    needs="completions.stream",
    accepted=_accepts("stream-batch", "Several prompts are accepted in a stream.", "prompt"),
)
probe(
    "completions_stream_n",
    "POST",
    "/completions",
    lambda c: _stopping(c, piece(_text_of(c)), n=2, stream=True),
    needs="completions.stream",
    after=("completions",),
    accepted=_accepts("stream-n", "`n` is accepted in a stream.", "n"),
)
probe(
    "completions_stream_logprobs",
    *make(TIME, logprobs=2, stream=True),
    needs="completions.logprobs",
)
probe(
    "completions_stream_echo",
    *make(TIME, logprobs=1, echo=True, stream=True),
    needs="completions.echo",
)

NULLS = (
    "suffix", "temperature", "top_p", "n", "stream", "stream_options", "logprobs", "echo", "stop",
    "presence_penalty", "frequency_penalty", "best_of", "logit_bias", "seed",
)  # fmt: skip
"""Optional parameters whose documented type includes null."""

NEUTRALS: dict[str, Any] = {
    "top_p": 1,
    "n": 1,
    "best_of": 1,
    "echo": False,
    "stream": False,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
    "seed": 7,
    "user": "conformance-user",
}
"""Standard optional parameters at the value that changes nothing."""


async def _bundle(session: Session, values: dict[str, Any]) -> None:
    plain = {"model": session.model("completion"), "prompt": FOX, "max_tokens": 8}
    whole = await session.post("all", "/completions", **plain, **values)
    if whole.ok or whole.status == 429:
        return
    for name, value in values.items():
        await session.post(name, "/completions", **plain, **{name: value})


@scenario("completions_nulls", needs="completions", cost=len(NULLS) + 1)
async def _nulls(session: Session) -> None:
    await _bundle(session, dict.fromkeys(NULLS))


@scenario("completions_neutrals", needs="completions", cost=len(NEUTRALS) + 1)
async def _neutrals(session: Session) -> None:
    await _bundle(session, NEUTRALS)


_OVERFLOW = "apple river stone cloud winter garden yellow " * 20_000

probe(
    "completions_overflow",
    *make(_OVERFLOW, max_tokens=1),
    needs="completions",
    valid=False,
    options={"retry": False},
    late=True,
)
