"""Splits a schema into rules, one per property, and judges documents by them.

A validator stops being useful at the first broken place: what lies beneath, or beside it in the
same report, is hidden or blurred. Here each rule looks at one property only: is it there, and is
its own value right. What is inside the value is the business of the rules of its children, and a
child whose parent is missing or of the wrong type is not judged at all.

Keywords of our own, beside those of JSON Schema 2020-12:

- `x-level` (MUST, SHOULD, MAY): the level of the property's rule.
- `x-required-level`: the level of its presence, where that differs. It also makes the presence of
  a property that is not in `required` a rule of that level.
- `x-breaks`, `x-source`: which clients break and how; where the rule comes from.
- `x-discriminator`: the key that picks one branch of `oneOf`; an unknown value picks none.
- `x-part`: the value is judged by the rules of the schema of that name, see `parts`.
- `x-strict-integer`: 1.0 is not an integer here.
- `x-also`: further rules for the same value: `{name, description, x-level, ...constraints}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from conformance import schemas
from conformance.shape_values import Constraint, compile_constraint

MOST_MISMATCHES: Final = 50
"""A hostile answer may break one rule in a million places; this many are enough to tell."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Stands for a property that is not there; `null` is something else."""


@dataclass(frozen=True)
class Key:
    """Goes to a property of an object."""

    name: str


@dataclass(frozen=True)
class Each:
    """Goes to every element of an array."""


@dataclass(frozen=True)
class Values:
    """Goes to the values of an object under keys that no property names."""

    named: frozenset[str]


@dataclass(frozen=True)
class When:
    """Stays, if a property of the object has one of these values."""

    key: str
    values: frozenset[str]


Step = Key | Each | Values | When


@dataclass(frozen=True)
class ShapeRule:
    """What must hold for one property, wherever it occurs in a document."""

    schema: str
    path: str
    sentence: str
    level: str
    breaks: tuple[str, ...]
    source: str
    required: bool
    name: str = ""  # set for a second rule on the same property: "presence", "prefix"
    steps: tuple[Step, ...] = field(default=(), repr=False)
    constraint: Constraint = field(default_factory=Constraint, repr=False)

    @property
    def slug(self) -> str:
        """The path in a form that an id can hold: `choices.message.role`."""
        text = re.sub(r"[\[{]([^\]}]*)[\]}]", r".\1", self.path)
        if self.path.endswith("[]"):
            text += ".items"
        text = text.replace("$", "body").replace("*", "each") + (f".{self.name}" * bool(self.name))
        text = re.sub(r"[^a-z0-9.-]+", "-", text.lower())
        return re.sub(r"\.{2,}", ".", text).strip(".")


@dataclass(frozen=True)
class Mismatch:
    """One place of a document that breaks a rule."""

    path: str
    expected: str
    actual: object


@dataclass(frozen=True)
class Result:
    """What a rule found in one document."""

    judged: int
    """Places where the rule applied: the parent is there."""
    present: int
    """Places where the property itself is there, so that its value was looked at."""
    mismatches: tuple[Mismatch, ...] = ()
    notes: tuple[Mismatch, ...] = ()
    """Accepted, but unusual: an integer that is written 1.0."""

    @property
    def held(self) -> bool:
        """Whether the rule applied somewhere and was broken nowhere."""
        return self.judged > 0 and not self.mismatches


Where = tuple[str | int, ...]


def check(rule: ShapeRule, document: object) -> Result:
    """Judges a parsed JSON document by one rule; the parts of the document are judged apart."""
    first = rule.steps[0] if rule.steps else None
    if isinstance(first, When) and not (isinstance(document, dict) and _chosen(document, first)):
        return _NOWHERE
    judged = present = 0
    mismatches: list[Mismatch] = []
    notes: list[Mismatch] = []
    for where, value in places(document, rule.steps):
        judged += 1
        if value is MISSING:
            if rule.required and len(mismatches) < MOST_MISMATCHES:
                expected = rule.constraint.text or "present"
                mismatches.append(Mismatch(_text(where), expected, MISSING))
            continue
        present += 1
        broken = rule.constraint.broken(value)
        if broken is not None:
            if len(mismatches) < MOST_MISMATCHES:
                inside, expected, actual = broken
                mismatches.append(Mismatch(_text((*where, *inside)), expected, actual))
        elif rule.constraint.unusual(value) and len(notes) < MOST_MISMATCHES:
            notes.append(Mismatch(_text(where), "an integer written without a fraction", value))
    return Result(judged, present, tuple(mismatches), tuple(notes)) if judged else _NOWHERE


_NOWHERE: Final = Result(0, 0)


@dataclass(frozen=True)
class Part:
    """A piece of a document that has a schema of its own, such as an item of a response."""

    schema: str
    path: str
    value: object


def parts(schema_name: str, document: object) -> Iterator[Part]:
    """The document itself and, to any depth, the pieces of it that other schemas judge."""
    waiting = [Part(schema_name, "", document)]
    while waiting:
        part = waiting.pop(0)
        yield part
        for place in _compiled(part.schema)[1]:
            for where, value in places(part.value, place.steps):
                if isinstance(value, dict):
                    path = ".".join(filter(None, (part.path, _text(where))))
                    waiting.append(Part(place.schema, path.replace(".[", "["), value))


def places(document: object, steps: tuple[Step, ...]) -> Iterator[tuple[Where, object]]:
    """Where the steps lead to; most rules end early here, so the straight way is walked bare."""
    value, where = document, list[str | int]()
    for number, step in enumerate(steps, start=1):
        if isinstance(step, Each | Values):
            yield from _spread(tuple(where), value, steps[number - 1 :])
            return
        if not isinstance(value, dict):
            return
        if isinstance(step, Key):
            value = value.get(step.name, MISSING)
            where.append(step.name)
            if value is MISSING and number < len(steps):
                return
        elif not _chosen(value, step):
            return
    yield tuple(where), value


def _chosen(value: Mapping[str, object], step: When) -> bool:
    found = value.get(step.key)
    return isinstance(found, str) and found in step.values


def _spread(where: Where, value: object, steps: tuple[Step, ...]) -> Iterator[tuple[Where, object]]:
    step, rest = steps[0], steps[1:]
    inner: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(step, Each) and isinstance(value, list):
        inner = enumerate(value)
    elif isinstance(step, Values) and isinstance(value, dict):
        inner = ((key, item) for key, item in value.items() if key not in step.named)
    for name, element in inner:
        for deeper, found in places(element, rest):
            yield (*where, name, *deeper), found


def _text(where: Where) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "$"


def rules(schema_name: str) -> tuple[ShapeRule, ...]:
    """All rules of a schema, in the order in which its file names the properties."""
    return _compiled(schema_name)[0]


@dataclass(frozen=True)
class _PartPlace:
    schema: str
    steps: tuple[Step, ...]


@cache
def _compiled(schema_name: str) -> tuple[tuple[ShapeRule, ...], tuple[_PartPlace, ...]]:
    file = schemas.file_of(schema_name)
    schema = schemas.load(schema_name)
    walk = _Walk(schema_name, str(schema.get("x-source", "")))
    found = tuple(walk.node(schema, file, _At("$", ()), required=True))
    return (
        tuple(one for one in found if isinstance(one, ShapeRule)),
        tuple(one for one in found if isinstance(one, _PartPlace)),
    )


@dataclass(frozen=True)
class _At:
    path: str
    steps: tuple[Step, ...]

    def key(self, name: str) -> _At:
        path = name if self.path == "$" else f"{self.path}.{name}"
        return _At(path, (*self.steps, Key(name)))

    def each(self) -> _At:
        return _At(f"{'' if self.path == '$' else self.path}[]", (*self.steps, Each()))

    def values(self, named: frozenset[str]) -> _At:
        return _At(f"{'' if self.path == '$' else self.path + '.'}*", (*self.steps, Values(named)))

    def when(self, key: str, values: tuple[str, ...]) -> _At:
        branch = "|".join(values)
        path = "" if self.path == "$" else self.path
        path = f"{path[:-2]}[{branch}]" if path.endswith("[]") else f"{path}{{{branch}}}"
        return _At(path, (*self.steps, When(key, frozenset(values))))


def _sentence(node: Mapping[str, Any], at: _At) -> str:
    """The description; the name that it begins with, which shared parts cannot know, in full."""
    return re.sub(r"^`[^`]*`", lambda _: f"`{at.path}`", str(node["description"]), count=1)


@dataclass(frozen=True)
class _Walk:
    schema: str
    source: str
    open_refs: tuple[tuple[str, str], ...] = ()

    def node(
        self, given: Mapping[str, Any], file: str, at: _At, required: bool
    ) -> Iterator[ShapeRule | _PartPlace]:
        part = given.get("x-part")
        node, home, walk = (given, file, self) if part else self._follow(given, file)
        if walk is None:
            return
        walk = replace(walk, source=str(node.get("x-source", walk.source)))
        if "description" in node:
            yield from walk.own(node, at, required)
        if part:
            yield _PartPlace(str(part), at.steps)
        else:
            yield from walk.children(node, home, at)

    def _follow(
        self, given: Mapping[str, Any], file: str
    ) -> tuple[Mapping[str, Any], str, _Walk | None]:
        node, walk = given, self
        while "$ref" in node:
            ref = (file, str(node["$ref"]))
            target, file = schemas.resolve(ref[1], file)
            node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
            if ref in walk.open_refs:
                return node, file, None
            source = str(schemas.load_file(file).get("x-source", walk.source))
            walk = _Walk(self.schema, source, (*walk.open_refs, ref))
        return node, file, walk

    def own(
        self, node: Mapping[str, Any], at: _At, required: bool
    ) -> Iterator[ShapeRule | _PartPlace]:
        level = str(node.get("x-level", "MUST"))
        presence = str(node.get("x-required-level", level))
        required = required or "x-required-level" in node
        apart = required and presence != level
        rule = ShapeRule(
            schema=self.schema,
            path=at.path,
            sentence=_sentence(node, at),
            level=level,
            breaks=tuple(node.get("x-breaks", ())),
            source=self.source,
            required=required and not apart,
            steps=at.steps,
            constraint=compile_constraint(node),
        )
        yield rule
        if apart:
            sentence = f"`{at.path}` is always present."
            yield replace(
                rule, sentence=sentence, level=presence, required=True, name="presence",
                constraint=Constraint(),
            )  # fmt: skip
        for also in node.get("x-also", ()):
            yield replace(
                rule, sentence=_sentence(also, at), level=str(also.get("x-level", "SHOULD")),
                breaks=tuple(also.get("x-breaks", ())), required=False, name=str(also["name"]),
                source=str(also.get("x-source", self.source)), constraint=compile_constraint(also),
            )  # fmt: skip

    def children(
        self, node: Mapping[str, Any], file: str, at: _At
    ) -> Iterator[ShapeRule | _PartPlace]:
        properties: Mapping[str, Any] = node.get("properties", {})
        required = frozenset(node.get("required", ()))
        for name, child in properties.items():
            yield from self.node(child, file, at.key(name), name in required)
        more = node.get("additionalProperties")
        if isinstance(more, Mapping):
            yield from self.node(more, file, at.values(frozenset(properties)), required=False)
        items = node.get("items")
        if isinstance(items, Mapping):
            yield from self.node(items, file, at.each(), required=False)
        key = node.get("x-discriminator")
        for branch in node.get("oneOf", ()) if key else ():
            yield from self.branch(branch, file, at, str(key))

    def branch(
        self, given: Mapping[str, Any], file: str, at: _At, key: str
    ) -> Iterator[ShapeRule | _PartPlace]:
        node, home, walk = self._follow(given, file)
        mark: Mapping[str, Any] = node.get("properties", {}).get(key, {})
        values = (mark["const"],) if "const" in mark else tuple(mark.get("enum", ()))
        if walk is None or not values:
            return
        rest = {name: child for name, child in node["properties"].items() if name != key}
        yield from walk.children({**node, "properties": rest}, home, at.when(key, values))


def part_schemas(schema_name: str) -> frozenset[str]:
    """The schemas of the pieces that a document of this schema may hold."""
    return frozenset(place.schema for place in _compiled(schema_name)[1])
