"""The Responses API: stored responses, memory, background, streams side by side."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from conformance import response_events as re
from conformance.capability import capability
from conformance.exchange import Exchange
from conformance.probe import CHAT_MODEL, Context, Skip, post, probe, scenario, user
from conformance.probes.chat import REPEAT
from conformance.probes.chat_stream import LONG
from conformance.probes.responses import FILLER, HELLO, PATH, PLAIN, SHORT, response
from conformance.probes.responses_tools import WEATHER
from conformance.session import Session

NOWHERE = "resp_00000000000000000000000000000000"
PATIENCE = 30
"""Looks, a second apart, that a background response is given."""

capability("responses.stored", "stored responses", "responses_retrieved", within="responses")
capability(
    "responses.background",
    "background responses",
    "responses_background_start",
    within="responses",
    took_effect=lambda x: re.result(x).get("status") in ("queued", "in_progress"),
)
capability(
    "responses.input-tokens", "counting of input tokens", "responses_input_tokens",
    within="responses",
)  # fmt: skip
capability("responses.compact", "compaction", "responses_compact", within="responses")


def name_of(x: Exchange | None) -> str:
    """The id of a response as it stands in a path. Raises Skip where there is none."""
    name = re.id_of(x) if x is not None else None
    if name is None:
        raise Skip("the response has no usable id")
    return quote(name, safe="")


def _stored(c: Context, probe: str) -> str:
    return f"{PATH}/{name_of(c[probe])}"


probe(
    "responses_retrieved",
    "GET",
    lambda c: _stored(c, "responses_kept"),
    needs="responses.stored",
    after=("responses_kept",),
    valid=False,
)
probe(
    "responses_stream_retrieved",
    "GET",
    lambda c: _stored(c, "responses_kept_stream"),
    needs="responses.stored",
    after=("responses_kept_stream",),
    valid=False,
)
probe(
    "responses_tools_retrieved",
    "GET",
    lambda c: _stored(c, "responses_tools"),
    needs="responses.stored",
    after=("responses_tools",),
    valid=False,
)
probe(
    "responses_default_retrieved",
    "GET",
    lambda c: _stored(c, "responses"),
    needs="responses.stored",
    after=("responses",),
    valid=False,
)
_unknown: dict[str, Any] = {"needs": "responses.stored", "valid": False}
probe("responses_unknown", "GET", f"{PATH}/{NOWHERE}", **_unknown)
probe("responses_unknown_deleted", "DELETE", f"{PATH}/{NOWHERE}", **_unknown)
probe("responses_unknown_items", "GET", f"{PATH}/{NOWHERE}/input_items", **_unknown)
probe("responses_unknown_cancelled", "POST", f"{PATH}/{NOWHERE}/cancel", **_unknown)


def _after_instructed(c: Context) -> dict[str, Any]:
    return response(HELLO, **SHORT, previous_response_id=re.id_of(c["responses_instructed"]))[2]


probe(
    "responses_after_instructed",
    "POST",
    PATH,
    _after_instructed,
    needs="responses.stored",
    after=("responses_instructed",),
    valid=False,
)


@scenario("responses_memory", needs="responses", cost=5, tokens=300)
async def _memory(session: Session) -> None:
    """Turns by the id of an earlier one; a stream among them."""
    word = session.nonce("word")
    first = f"The secret word is {word}. Remember it. {FILLER} Now say OK."
    names: dict[str, str | None] = {}
    turns: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("one", "", {"input": first}),
        ("two", "one", {"input": "What is the secret word? Answer with the word only."}),
        # a turn that does not repeat the word, so that the next one has to look further back
        ("hello", "one", {"input": HELLO}),
        ("three", "hello", {"input": "Once more: what is the secret word?", "stream": True}),
        ("four", "three", {"input": "And again: what is the secret word?"}),
    )
    for step, before, body in turns:
        if before:
            if names.get(before) is None:
                continue
            body = {**body, "previous_response_id": names[before]}
        answer = await session.send(
            step,
            "POST",
            PATH,
            json={"model": CHAT_MODEL, "store": True, **SHORT, **body},
            context={"word": word},
        )
        names[step] = re.id_of(answer) if answer.ok else None


ITEMS = [
    user("Alpha is the first letter."),
    {"role": "assistant", "content": "Yes, it is."},
    {"role": "user", "content": [{"type": "input_text", "text": "Beta is the second. Say OK."}]},
]


@scenario("responses_items", needs="responses.stored", cost=15)
async def _items(session: Session) -> None:
    """Store, list the input in every way, delete, look again."""
    created = await session.post("create", PATH, model=session.model("chat"), input=ITEMS,
                                 metadata={"kind": "list"}, store=True, **SHORT)  # fmt: skip
    if not created.ok:
        return
    path = f"{PATH}/{name_of(created)}"
    await session.send("items", "GET", f"{path}/input_items")
    await session.send("asc", "GET", f"{path}/input_items?order=asc")
    await session.send("desc", "GET", f"{path}/input_items?order=desc")
    page = await session.send("page", "GET", f"{path}/input_items?order=asc&limit=2")
    body = page.json
    data = body.get("data") if isinstance(body, dict) else None
    final = data[-1] if isinstance(data, list) and data else None
    last = final.get("id") if isinstance(final, dict) else None
    if isinstance(last, str) and last:
        await session.send(
            "rest", "GET", f"{path}/input_items?order=asc&limit=2&after={quote(last, safe='')}"
        )
    if session.key("second"):
        await session.send("foreign", "GET", path, key="second")
        await session.send("foreign items", "GET", f"{path}/input_items", key="second")
        body = response(HELLO, **SHORT, previous_response_id=re.id_of(created))[2]
        await session.send("foreign turn", "POST", PATH, json=body, key="second")
        await session.send("foreign delete", "DELETE", path, key="second")
    await session.send("cancel", "POST", f"{path}/cancel")
    await session.send("delete", "DELETE", path)
    await session.send("gone", "GET", path)
    await session.send("gone items", "GET", f"{path}/input_items")
    await session.send("gone delete", "DELETE", path)


@scenario("responses_text_items", needs="responses.stored", cost=2)
async def _text_items(session: Session) -> None:
    """The input items of a response whose input was a string."""
    created = await session.post(
        "create", PATH, model=session.model("chat"), input=REPEAT, store=True, **PLAIN
    )
    if created.ok:
        await session.send("items", "GET", f"{PATH}/{name_of(created)}/input_items")


@scenario("responses_unstored", needs="responses", cost=3)
async def _unstored(session: Session) -> None:
    """A response that is not to be kept, and what finds it all the same."""
    created = await session.post(
        "create", PATH, model=session.model("chat"), input=REPEAT, store=False, **PLAIN
    )
    if not created.ok:
        return
    await session.send("get", "GET", f"{PATH}/{name_of(created)}")
    await session.post(
        "next",
        PATH,
        model=session.model("chat"),
        input=HELLO,
        previous_response_id=re.id_of(created),
        **SHORT,
    )


# ---- background --------------------------------------------------------------------------------

probe(
    "responses_background_start",
    *response(REPEAT, max_output_tokens=64, background=True, store=True),
    needs="responses.background",
    valid=False,
)


@scenario("responses_background", needs="responses.background", cost=PATIENCE + 2)
async def _background(session: Session) -> None:
    """Start, look until it has ended, look at a stream of it."""
    created = await session.post("create", PATH, model=session.model("chat"), input=REPEAT,
                                 max_output_tokens=64, background=True, store=True)  # fmt: skip
    if not created.ok:
        return
    path = f"{PATH}/{name_of(created)}"
    for _ in range(PATIENCE):
        found = await session.send("poll", "GET", path)
        if not found.ok or re.result(found).get("status") not in ("queued", "in_progress"):
            break
        await session.sleep(1.0)


@scenario("responses_background_cancel", needs="responses.background", cost=5, tokens=450)
async def _cancel(session: Session) -> None:
    """Start something long, cancel it, cancel it again, look."""
    created = await session.post("create", PATH, model=session.model("chat"), input=LONG,
                                 max_output_tokens=400, background=True, store=True)  # fmt: skip
    if not created.ok:
        return
    path = f"{PATH}/{name_of(created)}"
    if session.key("second"):
        await session.send("foreign cancel", "POST", f"{path}/cancel", key="second")
    await session.send("cancel", "POST", f"{path}/cancel")
    await session.send("again", "POST", f"{path}/cancel")
    await session.send("get", "GET", path)


@scenario("responses_background_stream", needs="responses.background", cost=2)
async def _background_stream(session: Session) -> None:
    """A background stream, and the rest of it from the fourth event on."""
    created = await session.post("create", PATH, model=session.model("chat"), input=REPEAT,
                                 max_output_tokens=64, background=True, store=True,
                                 stream=True)  # fmt: skip
    if created.ok and re.id_of(created):
        path = f"{PATH}/{name_of(created)}"
        await session.send("resume", "GET", f"{path}?stream=true&starting_after=3")


# ---- counting and compaction -------------------------------------------------------------------

probe(
    "responses_input_tokens",
    *post("/responses/input_tokens", model=CHAT_MODEL, input=REPEAT),
    needs="responses.input-tokens",
    valid=False,
)
probe(
    "responses_input_tokens_long",
    *post("/responses/input_tokens", model=CHAT_MODEL, input=f"{FILLER} {REPEAT}"),
    needs="responses.input-tokens",
)
for _name, _more in (
    ("instructions", {"instructions": FILLER}),
    ("tools", {"tools": [WEATHER]}),
):
    probe(
        f"responses_input_tokens_{_name}",
        *post("/responses/input_tokens", model=CHAT_MODEL, input=REPEAT, **_more),
        needs="responses.input-tokens",
        valid=False,
    )
_TALK = [user(FILLER), {"role": "assistant", "content": "I see."}, user(HELLO)]
probe(
    "responses_compact",
    *post("/responses/compact", model=CHAT_MODEL, input=_TALK),
    needs="responses.compact",
    valid=False,
    tokens=400,
)


def _compacted(c: Context) -> dict[str, Any]:
    body = c["responses_compact"].json
    kept = body.get("output") if isinstance(body, dict) else None
    if not isinstance(kept, list) or not kept:
        raise Skip("the compaction has no output")
    return response([*kept, user(HELLO)], **SHORT)[2]


probe(
    "responses_compact_next",
    "POST",
    PATH,
    _compacted,
    needs="responses.compact",
    after=("responses_compact",),
    valid=False,
)

# ---- streams beside each other, long, left -----------------------------------------------------

STREAM: dict[str, Any] = {"needs": "responses.stream"}
probe(
    "responses_stream_long",
    *response(LONG, temperature=0, max_output_tokens=400, stream=True),
    tokens=450,
    **STREAM,
)
AT_ONCE = 5


@scenario("responses_parallel", needs="responses.stream", cost=AT_ONCE)
async def _parallel(session: Session) -> None:
    """Streams at the same time, each with a word of its own."""

    async def ask(place: int) -> Exchange:
        word = session.nonce(str(place))
        body = response(f"Repeat exactly: {word}", **PLAIN, stream=True)[2]
        return await session.send(f"ask{place}", "POST", PATH, json=body, context={"word": word})

    await session.gather(*(ask(place) for place in range(AT_ONCE)))


def _third_event(got: bytes) -> bool:
    return got.count(b"data:") >= 5


@scenario("responses_cut", needs="responses.stream", cost=2, tokens=450)
async def _cut(session: Session) -> None:
    """Leave in the middle of a stream, then ask again."""
    body = response(LONG, temperature=0, max_output_tokens=400, stream=True)[2]
    await session.send("left", "POST", PATH, json=body, stop=_third_event, retry=False)
    await session.send("next", "POST", PATH, json=response(REPEAT, **PLAIN, stream=True)[2])
