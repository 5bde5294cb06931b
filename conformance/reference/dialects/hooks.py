"""The hooks that make the embedded provider keep to a documented provider's pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from conformance.profile import load_profile
from conformance.reference.call import Call
from conformance.reference.config import Account
from conformance.reference.dialects import assisters, assisters_com, providers
from conformance.reference.errors import ApiError, invalid, not_found
from conformance.reference.fault import Fault, Hook, Stage

Hooks = Iterable[tuple[Stage, str | None, Hook]]
_FOREIGN = re.compile(r"/v1/(moderate|keys|data|audit|metrics|webhooks)(/|$)")
_OWN: dict[str, Hooks] = {"assisters": assisters.HOOKS, "assisters-com": assisters_com.HOOKS}


@cache
def _endpoints(name: str) -> tuple[re.Pattern[str], ...]:
    """What a provider serves, as patterns over ``METHOD /path``."""
    return tuple(
        re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(endpoint)) + "$")
        for endpoint in load_profile(name).endpoints
    )


def only_documented(call: Call, early: object) -> None:
    """A provider serves nothing but what its pages name."""
    name = call.config.profile
    path = call.path.removeprefix("/v1")
    if call.method == "OPTIONS" or call.spec is None:
        return
    method = "GET" if call.method == "HEAD" else call.method
    if not any(pattern.match(f"{method} {path}") for pattern in _endpoints(name)):
        pointer = " Use /v1/chat/completions instead." if path == "/completions" else ""
        raise not_found(f"Not supported here ({call.method} {call.path}).{pointer}")


def not_of_openai(call: Call, early: object) -> None:
    """OpenAI does not have the routes that only other providers document."""
    if call.route.startswith("providers.") or _FOREIGN.match(call.path):
        call.spec = None
        call.state.pop("allowed", None)


def well_made_ids(call: Call, verdict: Account | ApiError) -> Account | ApiError:
    """OpenAI tells an id that cannot be one from an id that nobody has."""
    name = call.params.get("id", "")
    wrong = call.route == "assistants.retrieve" and not name.startswith("asst")
    if isinstance(verdict, ApiError) or not wrong or call.on("openai-assistants.page.status"):
        return verdict
    expected = "Expected an ID that begins with 'asst'."
    message = f"Invalid 'assistant_id': '{name[:100]}'. {expected}"
    return invalid(message, "assistant_id", "invalid_value")


def dialect_hooks(name: str) -> list[Fault]:
    """The hooks of a profile, to be planted before any fault."""
    if name not in providers():
        found = [_plant("openai", 0, "received", None, not_of_openai)]
        if name == "openai-assistants":
            found.append(_plant("openai", 1, "authorised", None, well_made_ids))
        return found
    hooks: Hooks = [("received", None, only_documented), *_OWN.get(name, ())]
    return [_plant(name, number, *hook) for number, hook in enumerate(hooks)]


def _plant(name: str, number: int, at: Stage, route: str | None, hook: Hook) -> Fault:
    routes = None if route is None else frozenset([route])
    return Fault(f"dialect.{name}.{number}", (), hook.__doc__ or "", at, routes, hook)
