"""The shape of every object: one requirement for each property that a schema has a rule for.

Made from ``schemas/openai``: a rule looks at one property only, so one defect never hides another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from conformance import shapes
from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail
from conformance.requirement import EVERY_DRIVER, Case, Level, Requirement, Source
from conformance.select import Selector
from conformance.shape_roots import Root, documents, prefix, roots_of, schemas_judged


def _judge(rule: shapes.ShapeRule) -> Callable[[Exchange], None]:
    def decide(exchange: Exchange) -> None:
        found = documents(exchange)
        if id(rule) not in found.verdicts:
            found.verdicts[id(rule)] = _look(rule, found.get(rule.schema, ()))
        verified, mismatch = found.verdicts[id(rule)]
        if mismatch is not None:
            missing = mismatch.actual is shapes.MISSING
            fail(mismatch.path, mismatch.expected, "absent" if missing else mismatch.actual)
        if not verified:
            raise NotApplicable

    return decide


def _look(
    rule: shapes.ShapeRule, parts: Iterable[shapes.Part]
) -> tuple[bool, shapes.Mismatch | None]:
    """Whether the rule was really looked at, and the first place that breaks it."""
    present = judged = 0
    for part in parts:
        result = shapes.check(rule, part.value)
        judged += result.judged
        present += result.present
        for mismatch in result.mismatches:
            where = mismatch.path.replace("$", "").lstrip(".")
            path = f"{part.path}.{where}" if part.path and where else part.path or where
            path = path.replace(": .", ": ").replace(".[", "[")
            return True, shapes.Mismatch(path or "body", mismatch.expected, mismatch.actual)
    return bool(judged and (present or rule.required)), None


def _over(roots: tuple[Root, ...]) -> Selector:
    titles = list(dict.fromkeys(root.over.title for root in roots))
    title = titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} other routes"
    return Selector(title, lambda x: any(root.over(x) for root in roots))


def _source(text: str) -> Source:
    kind, _, ref = text.partition(" ")
    return Source(kind or "openai-openapi", ref, "https://github.com/openai/openai-openapi")


def _cases() -> Iterator[Case]:
    for schema in schemas_judged():
        roots = roots_of(schema)
        needs = {root.needs for root in roots}
        over = _over(roots)
        for rule in shapes.rules(schema):
            made = Requirement(
                id=f"{prefix(schema)}.shape.{rule.slug}",
                level=Level(rule.level),
                text=rule.sentence,
                source=_source(rule.source),
                needs=next(iter(needs)) if len(needs) == 1 else "",
                breaks=rule.breaks,
            )
            yield Case(made, _judge(rule), over=over, drivers=EVERY_DRIVER, module=__name__)


CASES = list(_cases())
