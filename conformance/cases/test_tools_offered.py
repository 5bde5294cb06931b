"""Tools that a server takes while it refuses to be told which to call."""

from __future__ import annotations

from conformance.exchange import Exchange
from conformance.expect import NotApplicable, fail
from conformance.requirement import SHOULD, openai, requirement


@requirement(
    "chat.tools.accepts.required",
    SHOULD,
    "Where tools are taken, `tool_choice: required` is taken too.",
    source=openai("chat/create tool_choice"),
    needs="chat",
    any_status=True,
    breaks=["LangChain with_structured_output, instructor: 400 where any other server answers"],
)
def test_required(tools: Exchange, tools_offered: Exchange) -> None:
    if tools.ok:
        return
    if not tools_offered.ok or tools.status not in (400, 422):
        raise NotApplicable("tools are refused altogether")
    fail("status", "2xx, as without tool_choice", str(tools), exchange=tools)
