"""The list of models, and one of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from conformance.capability import capability
from conformance.probe import Accepted, Context, Skip, probe, scenario
from conformance.requirement import MUST, field, openai, sdk
from conformance.session import Session

capability("models", "the list of models", "models")

probe(
    "models",
    "GET",
    "/models",
    needs="models",
    tier="smoke",
    accepted=Accepted(
        "models.accepts.list",
        MUST,
        "GET /models is answered with success.",
        openai("models/list"),
        ("chat programs fill their list of models from it", "health checks"),
    ),
)


def listed(c: Context) -> list[str]:
    """The ids of the list, in its order."""
    body = c["models"].json
    data = body.get("data") if isinstance(body, dict) else None
    ids = [entry.get("id") for entry in data or () if isinstance(entry, dict)]
    return [id for id in ids if isinstance(id, str) and id]


def _one(c: Context) -> str:
    ids = listed(c)
    wanted = c.model("chat")
    if not ids:
        raise Skip("the list names no model")
    return "/models/" + quote(wanted if wanted in ids else ids[0], safe="")


def _escaped(c: Context) -> str:
    ids = listed(c)
    for sign in "/:":
        for id in ids:
            if sign in id:
                return "/models/" + quote(id, safe="")
    raise Skip("no listed model has a slash or a colon in its id")


probe(
    "models_retrieve",
    "GET",
    _one,
    needs="models",
    after=("models",),
    accepted=Accepted(
        "models.retrieve.accepts.listed",
        MUST,
        "A model of the list can be retrieved by its id.",
        field("https://github.com/kekzl/imp/issues/1599"),
        ("Visual Studio and others check a model in this way and then refuse it",),
    ),
)
probe(
    "models_retrieve_escaped",
    "GET",
    _escaped,
    needs="models",
    after=("models",),
    accepted=Accepted(
        "models.retrieve.accepts.escaped",
        MUST,
        "An id with a slash or a colon is found where it is percent-encoded in the path.",
        sdk("openai-python 3.51 _utils/_path.py encodes path parts"),
        ('openai-python models.retrieve("org/model"): NotFoundError',),
    ),
)
probe(
    "models_unknown_slash",
    "GET",
    "/models/no-such-owner%2Fno-such-model",
    needs="models",
    valid=False,
)
# never a real id: a live server might do it
probe(
    "models_delete_unknown",
    "DELETE",
    "/models/no-such-model-of-the-conformance-suite",
    needs="models",
    valid=False,
)

PAUSE = 1.2


@scenario("models_later", needs="models", cost=2)
async def models_later(s: Session) -> None:
    """The list twice, more than a second apart."""
    await s.send("first", "GET", "/models")
    await s.sleep(PAUSE)
    await s.send("second", "GET", "/models")


def entries(body: Any) -> list[dict[str, Any]]:
    """The models of a list; [] where it is none."""
    data = body.get("data") if isinstance(body, dict) else None
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
