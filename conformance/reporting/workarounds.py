"""What a client's author can do about a violation, by the beginning of the requirement's id."""

from __future__ import annotations

from functools import cache

_CHECK = "check requests yourself before they are sent: what is wrong is not refused"

WORKAROUNDS: tuple[tuple[str, str], ...] = (
    ("auth", "send the key as `Authorization: Bearer`, and never rely on a refusal to test a key"),
    ("batches", "send the requests one by one, with a bound on those in flight"),
    ("chat.audio", "use the audio endpoints, or another provider for sound"),
    ("chat.functions", "send `tools` instead of the old `functions`"),
    ("chat.image", "describe the image in text, or send it as the one form that is accepted"),
    ("chat.json-object", "say the format in the prompt, and validate what comes"),
    ("chat.json-schema", "say the schema in the prompt, validate what comes, and ask again"),
    ("chat.logprobs", "do without logprobs"),
    ("chat.max-completion-tokens", "send `max_tokens` as well"),
    ("chat.n", "send the request n times"),
    ("chat.null", "leave optional fields out instead of sending null"),
    ("chat.optional", "leave the optional field out"),
    ("chat.parts", "send message contents as one string"),
    ("chat.roles", "send the role `system` instead of `developer`"),
    ("chat.stop", "cut the text at the stop sequence yourself"),
    ("chat.stored", "keep the conversation yourself; send no `store`"),
    ("chat.stream", "ask without `stream`"),
    ("chat.stream.error", "treat a stream without finish_reason as failed"),
    ("chat.stream.finish", "take the end of the stream as its end, not the finish_reason"),
    ("chat.stream.terminator", "end the stream at the finish_reason, with a time limit"),
    ("chat.stream.usage", "ask without `stream` where usage is billed, or count tokens yourself"),
    ("chat.tools", "validate each call's name and arguments before it is run"),
    ("chat.tools.stream", "ask without `stream` when there are tools"),
    ("chat.tools.parallel-arguments", "send `parallel_tool_calls: false`"),
    ("chat.usage", "count tokens yourself where they are billed"),
    ("completions", "use chat completions"),
    ("content-type", "decode bodies as UTF-8 whatever the header says"),
    ("conversations", "keep the conversation yourself"),
    ("cors", "call it through a server of your own, not from a browser"),
    ("embeddings.base64", 'send `encoding_format="float"`; the SDKs ask for base64 by themselves'),
    ("embeddings.dimensions", "cut the vector and normalise it yourself"),
    ("embeddings.format", 'send `encoding_format="float"`'),
    ("embeddings.index", "send one text a request"),
    ("embeddings.tokens", "send texts, not tokens"),
    ("errors", "branch on the status alone, not on the fields of the error"),
    ("errors.answered", "set a time limit of your own for every request"),
    *((f"errors.{area}", _CHECK) for area in ("batches", "chat", "completions", "embeddings")),
    *((f"errors.{area}", _CHECK) for area in ("images", "moderations", "rerank", "responses")),
    ("errors.model-unknown", "compare the `model` of the answer with the one that was asked for"),
    ("errors.no-5xx", "check requests yourself; a 5xx is tried again by the SDKs"),
    ("errors.stream", "check the status and the content type before reading events"),
    ("errors.success", "look for `error` in every body, also with status 200"),
    ("files", "keep files elsewhere and send their text"),
    ("headers.ratelimit", "pace by a limit of your own"),
    ("headers.request-id", "log the `id` of the answer instead"),
    ("http.gzip", "send `Accept-Encoding: identity`"),
    ("http.content-encoding", "send `Accept-Encoding: identity`"),
    ("http.keep-alive", "open a connection a request"),
    ("idempotency", "do not retry what must not happen twice"),
    ("models", "name the models in your configuration, do not list them"),
    ("ratelimit", "pace by a limit of your own, and wait with growing delays after a 429"),
    ("responses", "use chat completions"),
    ("responses.previous", "send the whole conversation each time"),
    ("responses.stored", "keep the conversation yourself, with `store: false`"),
    ("responses.stream", "ask without `stream`"),
    ("retry", "set `max_retries` yourself, with growing delays"),
    ("sdk.responses", "call responses.create() and read its items"),
    ("sdk.stream-helper", "use create(stream=True) and join the deltas yourself"),
    ("sdk.parse", "use create() and validate the text yourself"),
    ("sse", "ask without `stream`"),
    ("threads", "keep the conversation yourself, with chat completions"),
    ("thread", "keep the conversation yourself, with chat completions"),
    ("uploads", "upload in one piece"),
    ("vector-store", "search in an index of your own"),
    ("vector-stores", "search in an index of your own"),
)


@cache
def workaround(requirement: str) -> str:
    """The advice of the longest beginning that fits; empty when there is none."""
    fitting = (
        (len(start), advice)
        for start, advice in WORKAROUNDS
        if requirement == start or requirement.startswith(start + ".")
    )
    return max(fitting, default=(0, ""))[1]
