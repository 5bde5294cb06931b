"""The list of models, and whether a single model is what the list says of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from conformance.chats import body_of
from conformance.exchange import Exchange, Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.models import entries
from conformance.requirement import MUST, SHOULD, field, live, openai, requirement, sdk
from conformance.select import MODEL, MODELS

DAY = 86_400
_JUNK = re.compile(
    r"^\.|^(makefile|dockerfile|license|readme|requirements|changelog|go\.(mod|sum))(\..*)?$"
    r"|\.(md|txt|ya?ml|json|py|sh|lock|toml|tmpl|log|DS_Store|gitignore|gitattributes)$",
    re.I,
)


def _listed(x: Exchange) -> list[dict[str, Any]]:
    found = entries(x.json)
    if not found:
        raise NotApplicable("no list of models")
    return found


def _ids(x: Exchange) -> list[str]:
    return [entry["id"] for entry in _listed(x) if isinstance(entry.get("id"), str)]


@requirement(
    "models.list.unique",
    MUST,
    "No id is listed twice.",
    source=openai("models/list"),
    needs="models",
    over=MODELS,
    breaks=["maps and pickers keyed by id lose an entry or fail on the duplicate key"],
)
def test_unique(x: Exchange) -> None:
    ids = _ids(x)
    twice = sorted({id for id in ids if ids.count(id) > 1})
    require(not twice, "data[].id", "each id once", twice)


@requirement(
    "models.list.no-junk",
    MUST,
    "The list holds models, not the files that happen to lie beside them.",
    source=field("https://github.com/mudler/LocalAI/issues/88"),
    needs="models",
    over=MODELS,
    breaks=["pickers offer entries that no request can use"],
)
def test_no_junk(x: Exchange) -> None:
    for number, entry in enumerate(_listed(x)):
        id = entry.get("id")
        if isinstance(id, str) and id and (_JUNK.search(id) or not id.strip()):
            fail(f"data[{number}].id", "the id of a model", id)


@requirement(
    "models.list.whole",
    MUST,
    "The list is whole: it does not say that there is more.",
    source=sdk("openai-python 3.51 SyncPage: a list of models has no next page"),
    needs="models",
    over=MODELS,
    breaks=["openai-python and openai-node never ask for a second page of models"],
)
def test_whole(x: Exchange) -> None:
    body = x.json
    if not isinstance(body, dict):
        raise NotApplicable("no list of models")
    require(body.get("has_more") in (None, False), "has_more", ["absent", "false"],
            body.get("has_more"))  # fmt: skip


def _created(x: Exchange, entry: dict[str, Any], at: str) -> bool:
    created = entry.get("created")
    if not isinstance(created, int | float) or isinstance(created, bool) or not created:
        return False
    if created >= 1e11 or not x.started or x.context.get("foreign"):
        return False
    require(created <= x.started + DAY, at, "a moment in the past", created)
    return True


@requirement(
    "models.created.past",
    MUST,
    "`created` is not in the future.",
    source=openai("models/object created"),
    needs="models",
    over=MODELS,
    breaks=["lists sorted or filtered by age"],
)
def test_created(x: Exchange) -> None:
    judged = [_created(x, e, f"data[{n}].created") for n, e in enumerate(_listed(x))]
    if not any(judged):
        raise NotApplicable("no `created`")


@requirement(
    "models.list.has-chat-model",
    SHOULD,
    "The list names the chat model that the server answers to.",
    source=openai("models/list"),
    needs="models",
    breaks=["chat programs that offer only what is listed"],
)
def test_has_chat(models: Exchange, chat: Exchange) -> None:
    wanted = chat.sent.get("model")
    if body_of(models).get("data") == []:
        fail("data", str(wanted), "an empty list")
    if body_of(chat).get("model") in _ids(models):
        return  # an alias of a model that is listed
    require(wanted in _ids(models), "data[].id", str(wanted), _ids(models)[:20])


@requirement(
    "models.list.has-embedding-model",
    SHOULD,
    "The list names the embedding model that the server answers to.",
    source=openai("models/list"),
    needs="models",
    breaks=["programs that offer only what is listed"],
)
def test_has_embedding(models: Exchange, embeddings: Exchange) -> None:
    wanted = embeddings.sent.get("model")
    if body_of(embeddings).get("model") in _ids(models):
        return
    require(wanted in _ids(models), "data[].id", str(wanted), _ids(models)[:20])


@requirement(
    "models.list.stable",
    MUST,
    "The list names the same models a second later.",
    source=openai("models/list"),
    needs="models",
    breaks=["pickers lose the chosen model"],
)
def test_stable(models_later: Steps) -> None:
    first, second = _pair(models_later)
    lost = sorted(set(_ids(first)) ^ set(_ids(second)))
    require(not lost, "data[].id", "the ids of the first list", f"only in one of them: {lost}")


@requirement(
    "models.created.constant",
    SHOULD,
    "`created` of a model is the same a second later: it is not the time of the request.",
    source=live("models 2023: fixed dates"),
    needs="models",
    breaks=["caches of the list never match", "models sorted by age change places"],
)
def test_constant(models_later: Steps) -> None:
    first, second = _pair(models_later)
    before = {e.get("id"): e.get("created") for e in _listed(first)}
    for number, entry in enumerate(_listed(second)):
        was = before.get(entry.get("id"))
        if was is not None and entry.get("created") != was:
            fail(f"data[{number}].created", str(was), entry.get("created"), exchange=second)


def _pair(steps: Steps) -> tuple[Exchange, Exchange]:
    first, second = steps.get("first"), steps.get("second")
    if first is None or second is None or not first.ok or not second.ok:
        raise NotApplicable("no two lists")
    return first, second


# one model


@requirement(
    "models.retrieve.id",
    MUST,
    "The retrieved model has the id that was asked for.",
    source=openai("models/retrieve"),
    needs="models",
    over=MODEL,
    breaks=["programs that check a model by its id"],
)
def test_retrieve_id(x: Exchange) -> None:
    body = x.json
    id = body.get("id") if isinstance(body, dict) else None
    wanted = unquote(x.endpoint.removeprefix("/models/"))
    if not isinstance(id, str) or not id:
        raise NotApplicable("no `id`")
    require(id == wanted, "id", wanted, id)


def _in_list(models: Exchange, x: Exchange) -> tuple[dict[str, Any], dict[str, Any]]:
    body = x.json
    wanted = unquote(x.endpoint.removeprefix("/models/"))
    for entry in _listed(models):
        if entry.get("id") == wanted and isinstance(body, dict):
            return entry, body
    raise NotApplicable("it is not in the list")


@requirement(
    "models.retrieve.agrees",
    MUST,
    "A retrieved model says of itself what the list says of it.",
    source=openai("models/retrieve"),
    needs="models",
    breaks=["programs that take `owned_by` or `created` from either"],
)
def test_agrees(models: Exchange, models_retrieve: Exchange) -> None:
    _agrees(*_in_list(models, models_retrieve))


def _agrees(entry: dict[str, Any], body: dict[str, Any]) -> None:
    for key in ("object", "owned_by"):
        if key in entry and key in body:
            require(body[key] == entry[key], key, repr(entry[key]), body[key])
    one, two = entry.get("created"), body.get("created")
    if isinstance(one, int | float) and isinstance(two, int | float):
        # a server that gives the time of the request is noticed by models.created.constant
        require(abs(one - two) <= 60, "created", str(one), two)


@requirement(
    "models.retrieve.escaped-agrees",
    MUST,
    "A model with a slash in its id is the same one when it is retrieved.",
    source=sdk("openai-python 3.51 _utils/_path.py encodes path parts"),
    needs="models",
    breaks=["the wrong model, or the first part of the name alone"],
)
def test_escaped(models: Exchange, models_retrieve_escaped: Exchange) -> None:
    _agrees(*_in_list(models, models_retrieve_escaped))


@requirement(
    "models.retrieve.unknown-slash",
    MUST,
    "An unknown id with a slash is refused with 404.",
    source=openai("models/retrieve"),
    needs="models",
    any_status=True,
    breaks=["openai-python: no NotFoundError, so a missing model counts as an outage"],
)
def test_unknown_slash(models_unknown_slash: Exchange) -> None:
    _refused(models_unknown_slash, (404,), "404")


@requirement(
    "models.delete.unknown",
    MUST,
    "Deleting a model that does not exist is refused.",
    source=openai("models/delete"),
    needs="models",
    any_status=True,
    breaks=["programs believe that a model is gone"],
)
def test_delete(models_delete_unknown: Exchange) -> None:
    _refused(models_delete_unknown, tuple(range(400, 500)), "404, 403 or 405")


def _refused(x: Exchange, statuses: tuple[int, ...], words: str) -> None:
    if x.status in (0, 429):
        raise Inconclusive("no answer", owner="quota")
    require(x.status in statuses, "status", words, x.status)
