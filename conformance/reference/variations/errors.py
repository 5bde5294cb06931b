"""Legal forms of errors."""

from __future__ import annotations

import re
from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import ErrorReply
from conformance.reference.fault import variation
from conformance.reference.reply import Reply


def _error(error: ErrorReply) -> dict[str, Any]:
    found = error.body.get("error") if isinstance(error.body, dict) else None
    return found if isinstance(found, dict) else {}


@variation("errors.legacy-param", at="error")
def legacy(call: Call, error: ErrorReply) -> None:
    """`param` is written messages.[0].role."""
    found = _error(error)
    if isinstance(found.get("param"), str):
        found["param"] = re.sub(r"(?<!\.)\[(\d+)\]", r".[\1]", found["param"])


@variation("errors.old-forms", at="error")
def old(call: Call, error: ErrorReply) -> None:
    """Upper bounds, roles and unknown parameters are refused as in 2024: no param, no code."""
    found = _error(error)
    param = found.get("param") or ""
    role = param.startswith("messages[") and found.get("code") == "invalid_value"
    above = param == "temperature" and found.get("code") == "decimal_above_max_value"
    chat = call.route in ("chat", "completions")
    if chat and (role or above or found.get("code") == "unknown_parameter"):
        found.update(param=None, code=None, message="Unrecognized request argument supplied.")


@variation("errors.other-words", at="error")
def words(call: Call, error: ErrorReply) -> None:
    """The messages are worded otherwise, and longer."""
    found = _error(error)
    if found.get("code") != "context_length_exceeded" and error.status == 400:
        found["message"] = f"We could not do that. {found.get('message', '')} See the docs."


@variation("errors.more-keys", at="error")
def more(call: Call, error: ErrorReply) -> None:
    """The error object has more keys."""
    if _error(error):
        _error(error).update(misalignment=None, request_id=call.request_id)


@variation("errors.charset", at="http")
def charset(call: Call, reply: Reply) -> None:
    """Errors are declared with a charset."""
    if reply.status >= 400 and reply.header("content-type") == "application/json":
        reply.set("content-type", "application/json; charset=utf-8")


@variation("errors.responses-model-404", at="error", route="responses")
def model_404(call: Call, error: ErrorReply) -> None:
    """An unknown model is 404 on Responses, too."""
    if _error(error).get("code") == "model_not_found":
        error.status = 404
        _error(error)["param"] = None


@variation("errors.method-404", at="error", when=lambda call: "allowed" in call.state)
def method(call: Call, error: ErrorReply) -> None:
    """A wrong method is 404."""
    error.status = 404
    error.headers = []


@variation("errors.unknown-url-code", at="error", route="unknown")
def url_code(call: Call, error: ErrorReply) -> None:
    """Unknown addresses have the code unknown_url, or none."""
    if error.status == 404 and _error(error):
        _error(error)["code"] = "unknown_url" if call.method == "POST" else None


@variation("errors.model-missing-null", at="error")
def missing_model(call: Call, error: ErrorReply) -> None:
    """A missing model has a param and a code."""
    if "must provide a model" in str(_error(error).get("message")):
        _error(error).update(param="model", code="missing_required_parameter")
