"""What must not come out: insides of the server, secrets, another account's things."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.requirement import MUST, SHOULD, field, requirement, suite
from conformance.select import Selector, answered

INSIDES = suite("an error tells the caller about the request, not about the server")

ERRORS = Selector(
    "error answers",
    lambda x: answered(x) and x.status >= 400 and x.request.method not in ("HEAD", "OPTIONS"),
)

_TRACE = re.compile(
    r"Traceback \(most recent call last\)"
    r"|\bFile \\?\"[^\"]+\\?\", line \d+"
    r"|\bat [\w.$<>]+ ?\(?[^\s()]*\.(?:js|ts|mjs|cjs|java|kt|cs|go|rb|php)(?::\d+)+\)?"
    r"|\bgoroutine \d+ \["
    r"|thread '[^']+' panicked at"
    r"|\b[\w.]+\.java:\d+\)"
    r"|\bin \S+\.cs:line \d+"
    r"|#\d+ \S+\.php\(\d+\)"
    r"|\.rb:\d+:in [`']"
)
_PATH = re.compile(
    r"(?<![\w/:.])/(?:usr|home|root|opt|var|app|srv|tmp|etc|mnt|workspaces?|site-packages|src|code"
    r"|Users)/[\w.-]+/[\w./-]*\.(?:py|js|ts|mjs|go|rs|rb|java|so|cpp|cc|h|toml|ya?ml|env|json|db)\b"
    r"|\b[A-Z]:\\\\?(?:Users|app|inetpub|Program)[\w\\.-]+"
    r"|\bsite-packages/|\bnode_modules/"
)
_UPSTREAM = re.compile(
    r"\bhttps?://(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|10\.\d+\.\d+\.\d+"
    r"|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+|[\w-]+\.(?:internal|local|svc)\b"
    r"|[\w.-]+\.svc\.cluster\.local"
    r"|[a-z][\w-]*:\d{2,5}\b|\[(?:::1|f[cd][0-9a-f]{2}:[0-9a-f:]*)\])[^\s\"'<>]*"
    r"|(?<![\d.])(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}:\d{2,5}\b"
    r"|\bupstream (?:returned|responded|error|server)\b[^\"]{0,20}\b\d{3}\b",
    re.I,
)
_SECRET = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{20,}|\bBearer [A-Za-z0-9._-]{16,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bAIza[0-9A-Za-z_-]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY|\bghp_[A-Za-z0-9]{30,}"
    r"|\b(?:postgres(?:ql)?|mysql|redis|mongodb)(?:\+\w+)?://[^\s\"]+:[^\s\"]+@"
)
_CLASS = re.compile(
    r"<class '|\b(?:builtins|pydantic|starlette|fastapi|litellm|httpx|aiohttp|asyncio)\.[\w.]*"
    r"(?:Error|Exception)\b|\b(?:KeyError|AttributeError|TypeError|IndexError|NullPointerException"
    r"|ZeroDivisionError|UnboundLocalError|RuntimeError|AssertionError)\b"
    r"|'NoneType' object|Cannot read propert(?:y|ies) of (?:undefined|null)"
    r"|undefined is not an? (?:function|object)"
)


def _text(x: Exchange) -> str:
    assert x.response is not None
    return x.response.text[:200_000]


def _without_own(x: Exchange, found: str) -> bool:
    """Whether the request did not hold the text, nor is it the address that was asked."""
    sent = x.request.body.decode("utf-8", "replace") + x.request.url
    own = urlsplit(x.request.url).netloc
    if own and own in found:
        return False
    found = found.rstrip(".,;:!?)]}'\"\\")
    return found not in sent and found.replace("\\", "") not in sent


def _search(x: Exchange, pattern: re.Pattern[str], what: str) -> None:
    for match in pattern.finditer(_text(x)):
        found = match.group(0)
        if _without_own(x, found):
            start = max(match.start() - 60, 0)
            fail("body", f"no {what}", _text(x)[start : match.end() + 60])


@requirement(
    "leaks.stack-trace",
    MUST,
    "An error contains no stack trace.",
    source=INSIDES,
    over=ERRORS,
    breaks=["strangers read how the server is built"],
)
def test_trace(x: Exchange) -> None:
    _search(x, _TRACE, "stack trace")


@requirement(
    "leaks.file-path",
    MUST,
    "An error contains no path of the server's files.",
    source=INSIDES,
    over=ERRORS,
    breaks=["strangers read how the server is built"],
)
def test_path(x: Exchange) -> None:
    _search(x, _PATH, "path")


@requirement(
    "leaks.upstream",
    MUST,
    "An error names no address of a server behind, and quotes none of its answers.",
    source=field("https://github.com/api7/aisix/pull/323"),
    over=ERRORS,
    breaks=["strangers learn the inner network; clients cannot read the code of the quoted error"],
)
def test_upstream(x: Exchange) -> None:
    _search(x, _UPSTREAM, "address behind")


@requirement(
    "leaks.secret",
    MUST,
    "An error contains no key, token or password of the server's own.",
    source=INSIDES,
    over=ERRORS,
    breaks=["strangers use the server's account upstream"],
)
def test_secret(x: Exchange) -> None:
    sent = (x.request.header("authorization") or "").partition(" ")[2].strip()
    for match in _SECRET.finditer(_text(x)):
        found = match.group(0)
        if sent and (sent in found or found.removeprefix("Bearer ") in sent):
            continue  # the caller's own: auth.key.not-echoed
        if _without_own(x, found) and "***" not in found:
            fail("body", "no secret", f"{found[:8]}… ({len(found)} signs)")


@requirement(
    "leaks.exception",
    SHOULD,
    "An error names no exception class of the server's language.",
    source=INSIDES,
    over=ERRORS,
)
def test_exception(x: Exchange) -> None:
    _search(x, _CLASS, "exception class")


@requirement(
    "leaks.header",
    MUST,
    "No header of an answer carries a key or an address of the inner network.",
    source=INSIDES,
    over=Selector("every answer", answered),
)
def test_header(x: Exchange) -> None:
    assert x.response is not None
    if x.context.get("foreign"):
        raise NotApplicable("headers as somebody recorded them")
    sent = (x.request.header("authorization") or "").partition(" ")[2].strip()
    for name, value in x.response.headers:
        low = name.lower()
        if sent and sent in value:
            continue  # the caller's own: auth.key.not-echoed
        if low in ("location", "set-cookie", "content-location", "link", "report-to"):
            continue
        if low in ("authorization", "x-api-key", "api-key", "proxy-authorization"):
            fail(f"header {low}", "absent", f"({len(value)} signs)")
        if _SECRET.search(value) or _UPSTREAM.search(value):
            own = (x.request.header("origin") or "") == value
            require(own, f"header {low}", "nothing of the inside", value[:80])


@requirement(
    "leaks.account.same-answer",
    MUST,
    "Two accounts that ask the same get answers of their own, not one that is shared.",
    source=suite("isolation of accounts"),
    needs="chat",
    any_status=True,
    breaks=["one customer reads what another was answered"],
)
def test_same_answer(leaks_second: Steps) -> None:
    first, twin = leaks_second.get("first"), leaks_second.get("twin")
    if first is None or twin is None or not first.ok or not twin.ok:
        raise NotApplicable("not both were answered")
    ids = [x.json.get("id") if isinstance(x.json, dict) else None for x in (first, twin)]
    if not all(isinstance(id, str) and id for id in ids):
        raise Inconclusive("the answers have no ids", owner="server")
    require(ids[0] != ids[1], "id", "two ids", ids)


@requirement(
    "leaks.account.nonce",
    MUST,
    "What one account said never stands in an answer to another.",
    source=suite("isolation of accounts"),
    needs="chat",
    any_status=True,
    breaks=["one customer reads what another said"],
)
def test_nonce(leaks_second: Steps) -> None:
    first = leaks_second.get("first")
    messages = first.sent.get("messages") if first else None
    if not isinstance(messages, list) or not messages:
        raise NotApplicable("nothing was said")
    word = str(messages[0].get("content")).split()[-1].strip(".")
    for step in ("other", "models"):
        x = leaks_second.get(step)
        if x is not None and x.response is not None and word in x.response.text:
            fail("body", f"nothing of {word!r}", x.response.text[:200], exchange=x)


@requirement(
    "leaks.account.request-id",
    MUST,
    "Two accounts that ask the same get two request ids.",
    source=suite("isolation of accounts"),
    needs="chat",
    any_status=True,
)
def test_request_id(leaks_second: Steps) -> None:
    first, twin = leaks_second.get("first"), leaks_second.get("twin")
    ids = [x.header("x-request-id") for x in (first, twin) if x is not None]
    if len(ids) < 2 or not all(ids):
        raise NotApplicable("no x-request-id")
    require(ids[0] != ids[1], "header x-request-id", "two ids", ids)
