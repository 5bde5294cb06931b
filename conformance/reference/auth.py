"""Who is calling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.config import Account
from conformance.reference.errors import ApiError

if TYPE_CHECKING:
    from conformance.reference.call import Call

_CHALLENGE = ("www-authenticate", 'Bearer realm="OpenAI API"')
_HELP = "You can find your API key at https://platform.openai.com/account/api-keys."


def masked(key: str) -> str:
    """A key as error texts show it: enough to recognise, too little to use."""
    if len(key) <= 12:
        return "*" * len(key)
    return f"{key[:4]}{'*' * 8}{key[-4:]}"


def authenticate(call: Call) -> Account | ApiError:
    """The account of the request's key, or the refusal."""
    header = call.headers.get("authorization", "").strip()
    scheme, _, key = header.partition(" ")
    key = key.strip()
    if not header or (scheme.lower() == "bearer" and not key):
        return ApiError(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). " + _HELP,
            headers=[_CHALLENGE],
        )
    if scheme.lower() != "bearer":
        return ApiError(
            401,
            "You must use Bearer authentication: Authorization: Bearer YOUR_KEY. " + _HELP,
            headers=[_CHALLENGE],
        )
    account = call.config.keys.get(key)
    if account is None or account.state == "revoked":
        shown = masked(key).encode("ascii", "replace").decode()
        return ApiError(
            401,
            f"Incorrect API key provided: {shown}. {_HELP}",
            code="invalid_api_key",
            headers=[_CHALLENGE],
        )
    organization = call.headers.get("openai-organization", "")
    if organization and organization != call.config.organization:
        return ApiError(
            401,
            "The organization header does not match the API key.",
            code="mismatched_organization",
            headers=[_CHALLENGE],
        )
    if account.state == "forbidden":
        return ApiError(
            403,
            "Country, region, or territory not supported",
            type="request_forbidden",
            code="unsupported_country_region_territory",
        )
    return account


def check_quota(account: Account) -> None:
    """Refuse an account that has to pay first: waiting does not help, so no Retry-After."""
    if account.state == "no_quota":
        raise ApiError(
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            type="insufficient_quota",
            code="insufficient_quota",
            headers=[("x-should-retry", "false")],
        )
