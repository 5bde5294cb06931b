"""Who may ask: missing, wrong, revoked and oddly written keys."""

from __future__ import annotations

from typing import Any

from conformance.capability import capability
from conformance.exchange import Steps
from conformance.probe import Model, probe, scenario
from conformance.probes.errors_table import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    HELLO,
    MODERATIONS,
    RESPONSES,
    Way,
)
from conformance.session import Session

WRONG = "sk-conformance-wrong-0123456789abcdef0123456789abcdef"
"""A key that nobody has."""

SHORT: dict[str, Any] = {**CHAT.base, "max_tokens": 8}


def _checks_keys(found: Any) -> bool:
    """Neither no key nor a wrong key is as good as the right one."""
    assert isinstance(found, Steps)
    return any(step in found and not found[step].ok for step in ("none", "wrong"))


@scenario("auth_gate", needs="chat", keys=("api",), cost=3)
async def gate(session: Session) -> None:
    """The same request without a key, with a wrong one, and with the right one."""
    await session.send("none", "POST", CHAT.path, json=SHORT, key=None)
    await session.send("wrong", "POST", CHAT.path, json=SHORT, bearer=WRONG)
    await session.send("right", "POST", CHAT.path, json=SHORT)


capability("auth", "API keys are checked", "auth_gate", took_effect=_checks_keys)


@scenario("auth_forms", needs="auth", keys=("api",), cost=14)
async def forms(session: Session) -> None:
    """The right key and wrong ones, written in every way; nothing is asked of a model's worth."""
    key = session.key("api") or ""

    async def ask(step: str, authorization: str | None, path: str = CHAT.path, **more: Any) -> None:
        headers = {} if authorization is None else {"authorization": authorization}
        headers |= more.pop("headers", {})
        body = {**SHORT, **more}
        await session.send(step, "POST", path, json=body, headers=headers, key=None)

    await ask("basic", f"Basic {key}")
    await ask("bare", key)
    await ask("token", f"Token {key}")
    await ask("empty", "Bearer")
    await ask("query", None, f"{CHAT.path}?api_key={WRONG}")
    await ask("lower", f"bearer {key}")
    await ask("prefix", f"Bearer {key[:-1]}" if len(key) > 8 else f"Bearer {WRONG}x")
    await ask("suffix", f"Bearer {key}x")
    await ask("case", f"Bearer {key.swapcase()}")
    await ask("stream", f"Bearer {WRONG}", stream=True)
    await ask("invalid", f"Bearer {WRONG}", messages="not an array")
    await ask("model", f"Bearer {WRONG}", model=Model("unknown"))
    await ask("long", f"Bearer {WRONG * 40}")
    await ask("again", f"Bearer {key}")


for _name, _header in (("organization", "openai-organization"), ("project", "openai-project")):

    def _with_header(header: str) -> Any:
        async def run(session: Session) -> None:
            """Name the organisation or project that an earlier answer named, if one did."""
            known = session["chat"].header(header) or "conformance"
            await session.send("", "POST", CHAT.path, json=SHORT, headers={header: known})

        return run

    scenario(f"auth_{_name}", needs="chat", after=("chat",), keys=("api",), cost=1)(
        _with_header(_header)
    )

for _name in ("revoked", "forbidden"):

    def _with_key(name: str) -> Any:
        async def run(session: Session) -> None:
            await session.send("", "POST", CHAT.path, json=SHORT, key=name)

        return run

    scenario(f"auth_{_name}", needs="chat", keys=(_name,), cost=1)(_with_key(_name))


GUARDED: dict[str, tuple[str, str, str]] = {}
"""Routes that have to ask for the key: probe, method and path, and the capability."""


def _guard(way: Way) -> None:
    name = f"auth_guard_{way.name}"
    GUARDED[way.name] = (name, f"POST {way.path}", way.needs)
    body = {**way.base}
    probe(name, "POST", way.path, body, needs=way.needs, key=None, valid=False)


def _guard_get(word: str, path: str, needs: str, shown: str) -> None:
    name = f"auth_guard_{word.replace('-', '_')}"
    GUARDED[word] = (name, f"GET {shown}", needs)
    probe(name, "GET", path, needs=needs, key=None, valid=False)


for _way in (COMPLETIONS, EMBEDDINGS, MODERATIONS, RESPONSES):
    _guard(_way)
_guard(
    Way(
        "rerank",
        "/rerank",
        {"model": Model("rerank"), "query": "hello", "documents": ["hello", "world"]},
        "",
        "rerank",
    )
)
_guard(
    Way(
        "images",
        "/images/generations",
        {"model": Model("image"), "prompt": "A red dot."},
        "",
        "images",
    )
)
_guard(
    Way(
        "speech",
        "/audio/speech",
        {"model": Model("speech"), "input": "Hello.", "voice": "alloy"},
        "",
        "audio.speech",
    )
)
_guard_get("models", "/models", "models", "/models")
_guard_get("model", "/models/{chat}", "models", "/models/{model}")
_guard_get("files", "/files", "files", "/files")
_guard_get("batches", "/batches", "batches", "/batches")
_guard_get("chat-list", "/chat/completions", "chat.store", "/chat/completions")
_guard_get("vector-stores", "/vector_stores", "vector-stores", "/vector_stores")
_guard_get("fine-tuning", "/fine_tuning/jobs", "fine-tuning", "/fine_tuning/jobs")


CHECKED: dict[str, tuple[str, str, str]] = {}
"""Routes where a key that nobody has is tried too, in the form of `GUARDED`. They are few: some
servers shut out whoever tries many."""

for _word, _method, _path, _needs, _body in (
    *(
        (way.name, "POST", way.path, way.needs, {**way.base})
        for way in (COMPLETIONS, EMBEDDINGS, MODERATIONS, RESPONSES)
    ),
    ("models", "GET", "/models", "models", None),
    ("files", "GET", "/files", "files", None),
):
    CHECKED[_word] = (f"auth_checked_{_word}", f"{_method} {_path}", _needs)
    probe(
        f"auth_checked_{_word}",
        _method,
        _path,
        _body,
        needs=_needs,
        key=None,
        headers={"authorization": f"Bearer {WRONG}"},
        valid=False,
    )


@scenario("auth_stream", needs="auth", keys=("api",), cost=2)
async def streamed(session: Session) -> None:
    """A stream without a key."""
    body = {**SHORT, "stream": True}
    await session.send("none", "POST", CHAT.path, json=body, key=None)
    await session.send("wrong", "POST", CHAT.path, json=body, bearer=WRONG)


@scenario("auth_beside", needs="auth", keys=("api",), cost=5, tokens=64)
async def beside(session: Session) -> None:
    """Routes of inference beside the base URL, where some servers forget to ask for the key."""
    base = session.target.base_url.rstrip("/")
    if not base.endswith("/v1"):
        return
    root = base.removesuffix("/v1")
    chat = session.model("chat")
    model = {"model": chat}
    bodies = {
        "/chat/completions": {**SHORT},
        "/invocations": {**SHORT},
        "/rerank": {**model, "query": "hello", "documents": ["hello"]},
        "/score": {**model, "text_1": "hello", "text_2": "hello"},
        "/tokenize": {**model, "prompt": HELLO},
        "/generate": {"prompt": HELLO, "inputs": HELLO, "max_tokens": 8},
    }
    for path, body in bodies.items():
        await session.send(
            path[1:].replace("/", "-"),
            "POST",
            path,
            url=root + path,
            json=body,
            key=None,
            retry=False,
            timeout=30.0,
            context={"outside": True},
        )
