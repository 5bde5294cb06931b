"""No body breaks the target: valid ones are accepted, wrong ones refused, odd ones answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, Violation, expect, fail
from conformance.fuzz import verdict
from conformance.fuzz.schema import ENDPOINTS, Endpoint
from conformance.fuzz.verdict import Cause, marks
from conformance.requirement import (
    MAY,
    MUST,
    SHOULD,
    Case,
    Level,
    Requirement,
    Source,
    openai,
    openapi,
    requirement,
    suite,
)

_SHOWN = 6


def _served(steps: Steps) -> Exchange:
    """The plain request. Raises NotApplicable where the endpoint is not there."""
    plain = steps.get("plain")
    if plain is None:
        raise NotApplicable("the endpoint was not fuzzed")
    why = verdict.away(plain)
    if why:
        raise Inconclusive(why, owner="quota" if plain.status in (429, 503) else "network")
    if plain.status in (401, 403, 404, 405, 410, 501):
        raise NotApplicable(f"the endpoint is not served here ({plain.status})")
    return plain


def report(pairs: Iterable[tuple[Cause | None, Exchange]], expected: str, of: int) -> None:
    """Raise one violation for all causes, with the smallest body of the commonest."""
    found = verdict.by_cause(pairs)
    if not found:
        return
    ranked = sorted(found.items(), key=lambda entry: -len(entry[1]))
    lines = []
    for cause, group in ranked[:_SHOWN]:
        more = f" (also {len(group) - 1} more)" if len(group) > 1 else ""
        lines.append(f"{cause} [{verdict.place(group[0])}]{more}")
    if len(ranked) > _SHOWN:
        lines.append(f"and {len(ranked) - _SHOWN} more causes")
    smallest = ranked[0][1][0]
    told = smallest.response.text[:300] if smallest.response else ""
    failure = smallest.failure.message if smallest.failure else ""
    raise Violation(
        f"{len(ranked)} causes in {of} requests: " + "; ".join(lines),
        at=verdict.place(smallest),
        expected=(expected,),
        actual=f"{smallest.status or failure} {told}".strip(),
        exchange=smallest,
    )


def _answered(steps: Steps) -> None:
    _served(steps)
    sent = list(steps)
    report(((verdict.trouble(x), x) for x in sent), "an answer that is no 5xx", len(sent))


def _accepted(steps: Steps) -> None:
    _served(steps)
    sent = [x for x in steps if marks(x).get("valid")]
    report(((verdict.refusal(x), x) for x in sent), "2xx", len(sent))
    excused = [x for x in sent if 400 <= x.status < 500]
    if sent and len(excused) == len(sent):
        raise Inconclusive(f"no valid body was accepted: {verdict.excuse(sent[0])}")


def _refused(*levels: str) -> Callable[[Steps], None]:
    def decide(steps: Steps) -> None:
        _served(steps)
        sent = [x for x in steps if marks(x).get("level") in levels]
        if not sent:
            raise NotApplicable("no such body was sent")
        report(((verdict.acceptance(x, *levels), x) for x in sent), "4xx", len(sent))

    return decide


_NULL_TOO = ("logit_bias", "input", "model", "prompt", "response_format")
"""Members for which OpenAI was seen to leave `param` null."""
_NAMED = ("type", "minItems", "maxItems", "enum", "const", "integer")


def _unnamed(x: Exchange) -> Cause | None:
    said = marks(x)
    error = verdict.error_of(x)
    if said.get("valid") or said.get("level") == "none" or x.status not in (400, 422) or not error:
        return None
    pointer, keyword = str(said.get("pointer", "")), str(said.get("constraint", ""))
    if keyword.startswith("relation:"):
        return None  # several members are wrong together
    member = pointer.split("/")[1] if pointer else keyword.partition(":")[2]
    param = error.get("param")
    if not member:
        return None
    if not isinstance(param, str):
        exempt = member in _NULL_TOO or keyword not in _NAMED or pointer.count("/") > 1
        missing = keyword.startswith("required:") and member == "messages"
        if (exempt and not missing) or said.get("level") != "must":
            return None
        return Cause("no param", member)
    parts = param.replace("[", ".").replace("/", ".").replace("$", "").split(".")
    named = [part for part in parts if part and part != "body"]
    # a feature that the server does not have at all is refused before its parts are looked at
    absent = error.get("code") == "unsupported_parameter" and set(named[:1]) & set(x.sent)
    if named[:1] == [member] or absent:
        return None
    return Cause("another param", f"{param} for {member}")


def _named(steps: Steps) -> None:
    _served(steps)
    sent = [x for x in steps if marks(x).get("valid") is False and verdict.error_of(x)]
    if not sent:
        raise NotApplicable("nothing was refused with an error object")
    report(((_unnamed(x), x) for x in sent), "`param` names the member that is wrong", len(sent))


def _cases(e: Endpoint) -> Iterable[Case]:
    page: Source = openai(e.page) if e.official else suite("what Cohere, Jina and vLLM share")
    must: Level = MUST if e.official else SHOULD
    rows: list[tuple[str, Level, str, Callable[[Steps], None], Source, str]] = [
        (
            "no-5xx",
            MUST,
            f"Every body sent to `{e.path}` is answered, and not with a 5xx.",
            _answered,
            suite("a request is no reason to fail"),
            "clients try a 5xx again and again, and pay for each try",
        ),
        (
            "valid-accepted",
            must,
            f"Every body that the schema of `{e.path}` allows is accepted.",
            _accepted,
            page,
            "a request that works with OpenAI fails",
        ),
        (
            "invalid-noticed",
            MAY,
            f"Every body that breaks the schema of `{e.path}` is refused with a 4xx.",
            _refused("should"),
            page,
            "a mistake goes unnoticed and changes the answer",
        ),
        (
            "param-named",
            MAY,
            f"`param` of a refusal by `{e.path}` names the member that is wrong.",
            _named,
            openai("debugging-requests"),
            "the user is not told which member to correct",
        ),
    ]
    if e.official:
        rows.append(
            (
                "invalid-refused",
                MUST,
                f"What OpenAI is known to refuse at `{e.path}` is refused with a 4xx.",
                _refused("must"),
                openapi(f"{e.path}, with recorded refusals"),
                "a mistake goes unnoticed and changes the answer",
            )
        )
    for word, level, text, decide, source, breaks in rows:
        made = Requirement(f"fuzz.{e.name}.{word}", level, text, source, e.needs, (breaks,))
        yield Case(made, decide, probes=(f"fuzz_{e.name}",), any_status=True, module=__name__)


CASES = [case for endpoint in ENDPOINTS for case in _cases(endpoint)]


def _raw(steps: Steps, *expect_one_of: str) -> list[Exchange]:
    sent = [x for x in steps if marks(x).get("expect") in expect_one_of]
    if not sent:
        raise NotApplicable("no such request was sent")
    return sent


@requirement(
    "fuzz.raw.answered",
    MUST,
    "Odd bodies (broken, deep, huge, of any characters) are answered, and not with a 5xx.",
    source=suite("a request is no reason to fail"),
    needs="chat",
    any_status=True,
    breaks=["one request of one user takes the service down or is tried again for ever"],
)
def test_raw_answered(fuzz_raw: Steps) -> None:
    sent = [x for x in _raw(fuzz_raw, "refused", "doubtful", "any") if not marks(x)["transport"]]
    report(((verdict.trouble(x), x) for x in sent), "an answer that is no 5xx", len(sent))


@requirement(
    "fuzz.raw.transport",
    SHOULD,
    "Odd encodings, content types, headers and queries are answered, and not with a 5xx.",
    source=suite("a request is no reason to fail"),
    needs="chat",
    any_status=True,
)
def test_raw_transport(fuzz_raw: Steps) -> None:
    sent = [x for x in _raw(fuzz_raw, "any") if marks(x)["transport"]]
    report(((verdict.trouble(x), x) for x in sent), "an answer that is no 5xx", len(sent))


def _taken(x: Exchange) -> Cause | None:
    return Cause("accepted", verdict.place(x)) if x.ok else None


@requirement(
    "fuzz.raw.refused",
    MUST,
    "A body that is not JSON is refused with a 4xx.",
    source=openai("debugging-requests"),
    needs="chat",
    any_status=True,
    breaks=["a request that was cut on its way is taken for a whole one"],
)
def test_raw_refused(fuzz_raw: Steps) -> None:
    sent = _raw(fuzz_raw, "refused")
    report(((_taken(x), x) for x in sent), "4xx", len(sent))


@requirement(
    "fuzz.raw.strict",
    MAY,
    "A body that is nearly JSON (NaN, text after the end, UTF-16, no object) is refused.",
    source=suite("RFC 8259"),
    needs="chat",
    any_status=True,
)
def test_raw_strict(fuzz_raw: Steps) -> None:
    sent = _raw(fuzz_raw, "doubtful")
    report(((_taken(x), x) for x in sent), "4xx", len(sent))


@requirement(
    "fuzz.raw.error-object",
    SHOULD,
    "The refusal of an odd body is an error object with a message.",
    source=openai("debugging-requests"),
    needs="chat",
    any_status=True,
    breaks=["openai-python: `e.code`, `e.param` and the message are lost"],
)
def test_raw_error_object(fuzz_raw: Steps) -> None:
    sent = [
        x
        for x in _raw(fuzz_raw, "refused", "doubtful", "any")
        if x.status in (400, 404, 422) and not marks(x)["transport"]
    ]

    def shapeless(x: Exchange) -> Cause | None:
        message = verdict.error_of(x).get("message")
        good = isinstance(message, str) and message
        return None if good else Cause("no error object", f"status {x.status}")

    report(((shapeless(x), x) for x in sent), '{"error": {"message": ...}}', len(sent))


@requirement(
    "fuzz.raw.alive",
    MUST,
    "After odd requests an ordinary one is answered as before.",
    source=suite("a request is no reason to fail"),
    needs="chat",
    any_status=True,
    breaks=["one bad request of one user breaks the requests of all"],
)
def test_raw_alive(fuzz_raw: Steps) -> None:
    last = fuzz_raw.get("alive")
    if last is None:
        raise NotApplicable("the odd requests were not all sent")
    why = verdict.away(last)
    if last.failure is not None and last.failure.kind == "connect":
        fail("response", "an answer", f"none ({last.failure.message})", exchange=last)
    if why:
        raise Inconclusive(why, owner="quota")
    if 400 <= last.status < 500 and verdict.excuse(last):
        raise Inconclusive(verdict.excuse(last))
    expect(last).status(2)
