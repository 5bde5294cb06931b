"""Finds and loads the project's JSON Schemas.

A wheel carries them inside the package (`conformance/_schemas`); a source tree has them at the
top (`schemas/`). A name without a folder means OpenAI's own shape: `chat.completion` is
`openai/chat.completion.json`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

JsonObject = dict[str, Any]

_BASE = "https://schemas.invalid/"
_PACKAGE = Path(__file__).resolve().parent


@cache
def root() -> Path:
    """The folder that holds the schemas."""
    for candidate in (_PACKAGE / "_schemas", _PACKAGE.parent / "schemas"):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError("the JSON Schemas are neither in the package nor beside it")


def names(folder: str = "openai") -> tuple[str, ...]:
    """The names of the schemas of one folder, sorted."""
    prefix = "" if folder == "openai" else f"{folder}/"
    return tuple(sorted(prefix + p.name[: -len(".json")] for p in (root() / folder).glob("*.json")))


def file_of(name: str) -> str:
    """The path of a schema below the root: `model` -> `openai/model.json`."""
    return f"{name if '/' in name else f'openai/{name}'}.json"


@cache
def load_file(file: str) -> JsonObject:
    """The schema in a file below the root; callers must not change it."""
    found = json.loads((root() / file).read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise TypeError(f"{file} is not a JSON object")
    return found


def load(name: str) -> JsonObject:
    """The schema of that name; callers must not change it."""
    return load_file(file_of(name))


def resolve(ref: str, file: str) -> tuple[JsonObject, str]:
    """What a `$ref` inside a file points to, and the file where that stands."""
    target, _, pointer = ref.partition("#")
    if target:
        file = f"{file.rpartition('/')[0]}/{target}"
    node: Any = load_file(file)
    for part in pointer.strip("/").split("/") if pointer.strip("/") else ():
        node = node[part.replace("~1", "/").replace("~0", "~")]
    if not isinstance(node, dict):
        raise TypeError(f"{ref} in {file} does not point to a schema")
    return node, file


def _retrieve(uri: str) -> Resource[Any]:
    return Resource.from_contents(
        load_file(uri.removeprefix(_BASE)), default_specification=DRAFT202012
    )


@cache
def validator(name: str) -> Draft202012Validator:
    """A complete validator of one schema: every level at once, for tests and for examples.

    The judging of servers goes through `shapes`, which keeps levels and defects apart.
    """
    registry: Registry[Any] = Registry(retrieve=_retrieve)  # type: ignore[call-arg]
    schema: JsonObject = {"$ref": _BASE + file_of(name)}
    return Draft202012Validator(schema, registry=registry)
