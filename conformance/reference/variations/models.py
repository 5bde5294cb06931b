"""Legal variations of the model itself: what it says is never a failure of the server."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call
from conformance.reference.errors import invalid
from conformance.reference.fault import variation
from conformance.reference.voices import SPEAKING

Json = dict[str, Any]
TEXT = ("chat", "completions", "responses")


def _voice(name: str, text: str) -> None:
    def hook(call: Call, body: Json) -> None:
        SPEAKING.set(name)
        call.state["voice"] = name  # so that a trial sees that the answer is another

    variation(f"model.{name}", at="accepted", route=TEXT, text=text)(hook)


_voice("echo", "The model gives back what it is asked.")
_voice("refuse", "The model refuses everything with one sentence.")
_voice("short", "The model answers everything with one word.")
_voice("repeat", "The model says the same long text to everything.")
_voice("noise", "The model, of random weights, says any characters, or nothing at all.")
_voice("babble", "The model strings words together, whatever it is asked.")


@variation("model.no-sampling", at="accepted", route=("chat", "responses"))
def no_sampling(call: Call, body: Json) -> None:
    """The model takes no temperature, top_p or stop, as reasoning models do."""
    for name in ("temperature", "top_p", "stop"):
        if body.get(name) not in (None, 1):
            raise invalid(
                f"Unsupported value: '{name}' is not supported with this model.",
                name,
                "unsupported_value",
            )
