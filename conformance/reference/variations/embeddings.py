"""Legal variations of embeddings, moderations, models and rerank."""

from __future__ import annotations

import math
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import variation
from conformance.reference.faults.embeddings import lists, packed, strings, unpacked

Json = dict[str, Any]


@variation("embeddings.extra-keys", at="reply", route="embeddings")
def extra_keys(call: Call, reply: Json) -> None:
    """The answer has keys that OpenAI's has not."""
    reply.update(id="embd-1", created=1_700_000_000)
    reply["usage"].update(completion_tokens=0, prompt_tokens_details=None)


@variation("embeddings.versioned-model", at="reply", route="embeddings")
def versioned(call: Call, reply: Json) -> None:
    """model is a version of the requested one."""
    reply["model"] += "-v2"


@variation("embeddings.special-tokens", at="reply", route="embeddings")
def special_tokens(call: Call, reply: Json) -> None:
    """Two tokens around each input are counted."""
    count = reply["usage"]["prompt_tokens"] + 2 * len(reply["data"])
    reply["usage"] = {"prompt_tokens": count, "total_tokens": count}


@variation("embeddings.batch-arithmetic", at="reply", route="embeddings")
def batch_arithmetic(call: Call, reply: Json) -> None:
    """The numbers of a batch differ in the fifth digit from those of a single input."""
    size = len(reply["data"])

    def change(v: Any) -> list[float]:
        return [n * (1 + 1e-5 * math.sin(size + at)) for at, n in enumerate(v)]

    for entry in strings(reply):
        entry["embedding"] = packed("<f", change(unpacked(entry["embedding"])))
    for entry in lists(reply):
        entry["embedding"] = change(entry["embedding"])


@variation("embeddings.key-order", at="reply", route="embeddings")
def key_order(call: Call, reply: Json) -> Json:
    """The keys come in another order."""
    reply["data"] = [dict(sorted(entry.items())) for entry in reply["data"]]
    return dict(sorted(reply.items()))


@variation("moderations.more-categories", at="reply", route="moderations")
def more_categories(call: Call, reply: Json) -> None:
    """There is a category of the server's own."""
    for result in reply["results"]:
        result["categories"]["spam"] = False
        result["category_scores"]["spam"] = 0.0001
        result["category_applied_input_types"]["spam"] = ["text"]


@variation("moderations.both-names", at="reply", route="moderations")
def both_names(call: Call, reply: Json) -> None:
    """Every category comes also under the name that it has in the Python SDK."""
    for result in reply["results"]:
        for name in ("categories", "category_scores", "category_applied_input_types"):
            found = result[name]
            found.update({k.replace("/", "_").replace("-", "_"): v for k, v in found.items()})


@variation("moderations.not-applied", at="reply", route="moderations",
           when=lambda call: isinstance(call.fields.get("input"), str))  # fmt: skip
def not_applied(call: Call, reply: Json) -> None:
    """Applied types are empty for categories that found nothing."""
    for result in reply["results"]:
        for name in ("illicit", "sexual/minors"):
            if not result["categories"][name]:
                result["category_applied_input_types"][name] = []


@variation("moderations.null-illicit", at="reply", route="moderations")
def null_illicit(call: Call, reply: Json) -> None:
    """illicit is null where the model does not judge it."""
    for result in reply["results"]:
        if result["categories"]["illicit"] is False:
            result["categories"]["illicit"] = None


@variation("models.extra-keys", at="reply", route=("models.list", "models.retrieve"))
def model_keys(call: Call, reply: Json) -> None:
    """Models have more keys: permission, root, shutdown_date."""
    for entry in reply.get("data", [reply]):
        entry.update(permission=[], root=entry["id"], parent=None, shutdown_date=None)


@variation("models.has-more-false", at="reply", route="models.list")
def has_more_false(call: Call, reply: Json) -> None:
    """The list says that there is no more."""
    reply.update(has_more=False, first_id=reply["data"][0]["id"])


@variation("models.reordered", at="reply", route="models.list")
def other_order(call: Call, reply: Json) -> None:
    """The list comes in another order each time."""
    call.app.data["turn"] = turn = call.app.data.get("turn", 0) + 1
    reply["data"] = reply["data"][turn % 3 :] + reply["data"][: turn % 3]


@variation("models.owned-by-library", at="reply", route=("models.list", "models.retrieve"))
def library(call: Call, reply: Json) -> None:
    """Models belong to somebody else."""
    for entry in reply.get("data", [reply]):
        entry["owned_by"] = "library"


@variation("rerank.bare", at="reply", route="rerank")
def bare(call: Call, reply: Json) -> Json:
    """There are results and nothing else, as Cohere's second version sends them."""
    return {"results": reply["results"]}


@variation("rerank.multi-modal-null", at="reply", route="rerank",
           when=lambda call: bool(call.fields.get("return_documents")))  # fmt: skip
def multi_modal(call: Call, reply: Json) -> None:
    """Documents have a second key, as vLLM sends them."""
    for result in reply["results"]:
        result["document"]["multi_modal"] = None


@variation("rerank.cohere-meta", at="reply", route="rerank")
def cohere(call: Call, reply: Json) -> None:
    """meta counts search units, and there is no usage."""
    del reply["usage"]
    reply["meta"] = {"billed_units": {"search_units": 1}, "warnings": ["a warning"]}
