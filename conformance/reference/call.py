"""One request on its way through the provider."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.reference.config import Account, ModelCard, ReferenceConfig
from conformance.reference.errors import ApiError, model_not_found

if TYPE_CHECKING:
    from conformance.reference.app import ReferenceApp
    from conformance.reference.clock import Clock
    from conformance.reference.fault import Stage
    from conformance.reference.routing import Route


@dataclass(eq=False)
class Call:
    """What hooks and handlers know of a request; mutable, one for each."""

    app: ReferenceApp
    method: str
    path: str
    headers: dict[str, str]
    http_version: str = "1.1"
    query: dict[str, str] = field(default_factory=dict)
    query_lists: dict[str, list[str]] = field(default_factory=dict)
    route: str = "unknown"
    spec: Route | None = None
    params: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    body: Any = None
    account: Account | None = None
    request_id: str = ""
    started: float = 0.0
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """The provider's time."""
        return self.app.clock

    @property
    def config(self) -> ReferenceConfig:
        """The provider's settings."""
        return self.app.config

    @property
    def now(self) -> int:
        """The creation stamp of whatever this call makes."""
        return int(self.app.clock.time())

    @property
    def fields(self) -> dict[str, Any]:
        """The body as an object; empty when there is none."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def stream(self) -> bool:
        """Whether the request asks for a stream."""
        return self.fields.get("stream") is True

    @property
    def model(self) -> str | None:
        """The model that the body names."""
        model = self.fields.get("model")
        return model if isinstance(model, str) else None

    @property
    def owner(self) -> str:
        """The name of the account, the key of everything that is stored."""
        return self.account.name if self.account else ""

    def on(self, name: str) -> bool:
        """Whether a fault or variation is planted and meant for this call."""
        planted = self.app.active.get(name)
        return planted is not None and planted.applies(self)

    async def run(self, stage: Stage, value: Any) -> Any:
        """Pass a value through the hooks of a stage."""
        for planted in self.app.hooks.get(stage, ()):
            if planted.hook is None or not planted.applies(self):
                continue
            result = planted.hook(self, value)
            if inspect.isawaitable(result):
                result = await result
            if result is not None:
                value = result
        return value

    def table(self, kind: str) -> dict[str, Any]:
        """The stored objects of a kind, of this account alone."""
        return self.app.tables.setdefault((self.owner, kind), {})

    def card(self, kind: str) -> ModelCard:
        """The served model that the body names, or the 404."""
        card = self.config.models.get(self.model or "")
        if card is None:
            raise model_not_found(self.fields.get("model"))
        if card.kind != kind:
            raise ApiError(
                404,
                f"The model `{card.id}` is not a {kind} model and is not supported here.",
                param="model",
                code="model_not_found",
            )
        return card

    def charge(self, tokens: int) -> None:
        """Take tokens from the account's window, or refuse."""
        if self.account is not None and self.spec is not None and self.spec.limited:
            self.app.limits.charge(self.account, tokens)
