"""The checks before every REST endpoint: token, rate limit and scope.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
"""

import math

from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.windows import APP_WIDE

INVALID_TOKEN = "The access token is invalid or not found in the request."  # noqa: S105 - a message
_NO_SCOPE = "The user did not authorize the scope required for completing this request."
_TOO_MANY = "The API rate limit was exceeded. Please try again later."


def bearer(call: Call) -> str | None:
    """Return the bearer token of a request."""
    kind, _, token = call.request.headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" and token else None


def admit(state: State, call: Call, route: RouteDef, token: str | None) -> Reply | None:
    """Set the grant on the call and return `None`, or return the error reply if the request is refused."""
    grant = None if token is None else state.grants.access(token)
    if token is None or grant is None or bool(grant.open_id) != (route.auth == "user"):
        return state.replies.error("access_token_invalid", INVALID_TOKEN)
    call.grant = grant
    whose = grant.open_id if state.quirks.window_by == "user" else token
    wait = state.windows.arrive(route.endpoint, "" if route.endpoint in APP_WIDE else whose)
    if wait is not None:
        reply = state.replies.error("rate_limit_exceeded", _TOO_MANY)
        if state.quirks.retry_after:
            return Reply(reply.status, reply.body, headers={"Retry-After": str(math.ceil(wait))})
        return reply
    if route.scopes and not route.scopes & grant.scopes:
        return state.replies.error("scope_not_authorized", _NO_SCOPE)
    return None
