"""Faults of paging that every list may have."""

from __future__ import annotations

import copy
from typing import Any

from conformance.reference.call import Call
from conformance.reference.fault import fault

Json = dict[str, Any]


@fault("lists.short-page", at="reply", route="threads.runs.steps.list")
def always_more(call: Call, reply: Json) -> Json:
    """The list of steps always has more."""
    return {**reply, "has_more": True}


@fault("lists.after-excluded", at="reply", route="files.list",
       breaks=("lists.after-excluded", "files.list.after", "lists.edges"),
       when=lambda call: bool(call.query.get("after")))  # fmt: skip
def inclusive(call: Call, reply: Json) -> Json:
    """A page begins with the element after which it should begin."""
    stored = call.table("files").get(call.query["after"])
    made = copy.deepcopy(reply)
    if stored:
        public = (made["data"] or [{}])[0]
        made["data"].insert(0, {**public, "id": call.query["after"]})
    return made
