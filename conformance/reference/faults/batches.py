"""Faults of batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import fault
from conformance.reference.faults._objects import (
    answers,
    edit,
    fill,
    list_faults,
    plain,
    status,
    zero,
)
from conformance.reference.reply import Reply

Json = dict[str, Any]
CREATE, GET, LIST, CANCEL = (
    "batches.create", "batches.retrieve", "batches.list", "batches.cancel",
)  # fmt: skip

list_faults("batches", LIST, order=False)


def refuse(call: Call, value: Any) -> None:
    """The route does not do this."""
    raise invalid("This is not supported.", None)


def _main(call: Call) -> bool:
    return call.fields.get("metadata") == {"suite": "conformance"}


def _ended(reply: Json) -> bool:
    return bool(reply["status"] == "completed")


fault("batches.list.accepted", at="authorised", route=LIST, text="Batches are not listed.",
      when=lambda c: not c.query)(refuse)  # fmt: skip
fill("batches.create.accepted", CREATE, "Batches with metadata are refused.", refuse, when=_main)
edit("batches.status", CREATE, "A new batch is CREATED.", lambda c, r: r.update(status="CREATED"),
     breaks=("batches.status", "batches.create.status", "batches.shape.status"),
     field_defects="batch-extra-states")  # fmt: skip
edit("batches.counts", (CREATE, GET), "Counts have other names.",
     lambda c, r: r.update(request_counts={"launched": 3, "total": 3, "succeeded": 3}),
     breaks=("batches.counts", "batches.completes", "batches.shape.request-counts.completed",
             "batches.shape.request-counts.failed"))  # fmt: skip
edit("batches.times", GET, "completed_at is missing.", lambda c, r: r.update(completed_at=None))
edit("batches.create.echo", CREATE, "metadata is lost.", lambda c, r: r.update(metadata=None),
     when=_main, breaks=("batches.create.echo", "batches.retrieve.same"))  # fmt: skip
edit("batches.create.status", CREATE, "A new batch is cancelled.",
     lambda c, r: r.update(status="cancelling", cancelling_at=r["created_at"]), when=_main,
     breaks=("batches.create.status", "batches.forward"))  # fmt: skip
edit("batches.retrieve.same", GET, "A retrieved batch has no metadata.",
     lambda c, r: r.update(metadata=None))  # fmt: skip
edit(
    "batches.forward",
    GET,
    "A batch that is finalizing is validating again.",
    lambda c, r: r.update(status="validating") if r["status"] == "finalizing" else None,
)
edit("batches.completes", GET, "Failed requests are not counted.",
     lambda c, r: r["request_counts"].update(failed=0, total=2) if _ended(r) else None)  # fmt: skip
edit("batches.output.file", GET, "A completed batch has no output.",
     lambda c, r: r.update(output_file_id=None),
     breaks=("batches.output.file",))  # fmt: skip


def output(slug: str, text: str, change: Callable[[Json], Any], *more: str, **options: Any) -> None:
    """Register a fault that changes the lines of an output."""

    def hook(call: Call, reply: Reply) -> None:
        if not isinstance(reply.body, bytes) or b"batch_req_" not in reply.body:
            return
        made = []
        for text in reply.body.decode().splitlines():
            line = json.loads(text)
            changed = change(line)
            made.append(json.dumps(changed if isinstance(changed, dict) else line))
        reply.body = ("\n".join(made) + "\n").encode()

    name = slug.partition("/")[0]
    fault(f"batches.{slug}", at="http", route="files.content", text=text,
          breaks=(f"batches.{name}", *more), **options)(hook)  # fmt: skip


def _answered(line: Json) -> bool:
    return bool((line.get("response") or {}).get("status_code") == 200)


output("output.ids", "custom_ids are numbers of the server's.",
       lambda o: o.update(custom_id="request-" + o["id"][-1]))  # fmt: skip
output("output.response", "An answer stands where its response belongs.",
       lambda o: o.update(response=o["response"]["body"]) if _answered(o) else None,
       "batches.output.line-ids")  # fmt: skip
output("output.line-ids", "All lines have one id.", lambda o: o.update(id="batch_req_1"))
output("errors.line", "A refused request has an error and no response.",
       lambda o: o.update(error={"code": "400", "message": "bad"}, response=None)
       if not _answered(o) else None, field_defects="batch-error-line-shape")  # fmt: skip
output("errors.line/success", "A refused request has the status 200.",
       lambda o: o["response"].update(status_code=200) if not _answered(o) else None)  # fmt: skip
edit("batches.errors.apart", GET, "There is no file of errors.",
     lambda c, r: r.update(error_file_id=None),
     breaks=("batches.errors.apart", "batches.output.ids"))  # fmt: skip
edit("batches.cancel.accepted", CANCEL, "The answer to a cancellation is another batch.",
     lambda c, r: r.update(status="in_progress", cancelling_at=None))  # fmt: skip
edit("batches.cancel.ends", GET, "A cancelled batch is completed.",
     lambda c, r: r.update(status="completed", completed_at=r["cancelled_at"], cancelled_at=None)
     if r["status"] == "cancelled" else None)  # fmt: skip
NO_5XX = ("errors.no-5xx", "errors.no-5xx.first")
status("batches.cancel.late", CANCEL, 500, "A late cancellation crashes the server.",
       when=lambda c: not zero(c) and c.owner == "main",
       breaks=("batches.cancel.late", *NO_5XX))  # fmt: skip
status("batches.unknown.retrieve", GET, 400, "An unknown batch is answered 400.", when=zero)
status("batches.unknown.cancel", CANCEL, 400, "An unknown batch is answered 400.", when=zero)
status("batches.create.unknown-file", CREATE, 500, "An unknown file crashes the server.",
       when=lambda c: "00000000" in str(c.fields.get("input_file_id")),
       breaks=("batches.create.unknown-file", *NO_5XX))  # fmt: skip
fill("batches.create.endpoint", CREATE, "Any endpoint will do.",
     lambda c, b: b.update(endpoint="/v1/chat/completions"),
     when=lambda c: "no/such" in str(c.fields.get("endpoint")))  # fmt: skip
fill("batches.create.window", CREATE, "Any window will do.",
     lambda c, b: b.update(completion_window="24h"),
     when=lambda c: c.fields.get("completion_window") == "7 hours")  # fmt: skip
edit("batches.create.broken-file", GET, "A batch fails without a reason.",
     lambda c, r: r.update(errors=None))  # fmt: skip
fault("batches.private", at="authorised", route=GET, text="Batches belong to everybody.")(answers)
fault("batches.private/list", at="authorised", route=LIST, breaks=("batches.private",),
      text="Batches of everybody are listed.", when=plain)(answers)  # fmt: skip
