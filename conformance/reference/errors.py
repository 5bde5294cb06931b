"""Error answers in OpenAI's form, and the families of refused input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Headers = list[tuple[str, str]]


@dataclass
class ErrorReply:
    """What the `error` stage of the faults gets: an error before it is serialised."""

    status: int
    body: Any
    headers: Headers = field(default_factory=list)


class ApiError(Exception):
    """A refusal, raised anywhere and answered as an error object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.headers: Headers = list(headers)

    def reply(self) -> ErrorReply:
        """The error as it goes out."""
        error = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return ErrorReply(self.status, {"error": error}, list(self.headers))


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A 400."""
    return ApiError(400, message, param=param, code=code)


def not_found(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A 404."""
    return ApiError(404, message, param=param, code=code)


def model_not_found(model: object) -> ApiError:
    """The 404 of a model that nobody serves."""
    return not_found(
        f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
    )


def missing(param: str) -> ApiError:
    """A required parameter is not there."""
    return invalid(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def invalid_value(param: str, value: object, allowed: Sequence[str]) -> ApiError:
    """A string outside an enumeration."""
    names = [f"'{name}'" for name in allowed]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])}, and {names[-1]}"
    shown = str(value)[:200]
    return invalid(
        f"Invalid value: '{shown}'. Supported values are: {listed}.", param, "invalid_value"
    )


def unknown_parameter(param: str) -> ApiError:
    """A key that the route does not know."""
    return invalid(f"Unknown parameter: '{param[:100]}'.", param[:100], "unknown_parameter")
