"""Planned faults: errors for the next requests to an endpoint."""

from datetime import timedelta
from difflib import get_close_matches
from typing import Literal

from attrs import define

from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.emulator.engine.replies import HTML, JSON, Replies, Reply
from tiktok_async.emulator.engine.routes import AUTHORIZE, UPLOAD, EndpointKey
from tiktok_async.models import Endpoint

Drop = Literal["before", "after"]

_CODES = {400: "invalid_params", 401: "access_token_invalid", 403: "scope_not_authorized", 429: "rate_limit_exceeded"}
_OAUTH_CODES = {
    400: "invalid_request",
    401: "invalid_client",
    429: "temporarily_unavailable",
    503: "temporarily_unavailable",
}
_SERVER_ERROR = 500


_KEYS: dict[str, EndpointKey] = {
    AUTHORIZE: AUTHORIZE,
    UPLOAD: UPLOAD,
    "v2/auth/authorize": AUTHORIZE,
    **{endpoint.name.lower(): endpoint for endpoint in Endpoint},
    **{endpoint.path.strip("/").lower(): endpoint for endpoint in Endpoint},
}


def endpoint_key(named: EndpointKey) -> EndpointKey:
    """Return the endpoint that *named* means: an endpoint, its path or name, or an own name of the emulator.

    Raises:
        ValueError: The emulator serves no such endpoint, so a fault for it would never happen.
    """
    if isinstance(named, Endpoint):
        return named
    key = _KEYS.get(str(named).strip("/").lower())
    if key is None:
        near = get_close_matches(str(named).strip("/").lower(), _KEYS, n=2)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "give an Endpoint, its path or its name."
        msg = f"The emulator serves no endpoint {named!r}: {hint}"
        raise ValueError(msg)
    return key


@define(slots=True, kw_only=True, eq=False)
class Fault:
    """An error for the requests that match.

    Attributes:
        status: Answer with this HTTP status; `None` lets the request be processed.
        code: The error's code (`error` at the OAuth endpoints); default: one that fits *status*.
        message: The error's message.
        body: The whole body, instead of a generated one; without *status*, the status is 200.
        headers: Additional headers.
        html: Answer with a gateway's HTML page.
        drop: Reset the connection before the request is processed, or after it but before the answer.
        delay: Wait this long before the request is processed, on the emulator's clock.
        drip: Send the reply's body slowly, over this time on the emulator's clock.
        truncate: Close the connection after this many bytes of the body.
        open_id: Only requests of this user.
        share: The share of the matching requests that fail, 0 to 1.
        times: How many requests are still to fail.
    """

    status: int | None = None
    code: str | None = None
    message: str = ""
    body: bytes | None = None
    headers: dict[str, str]
    html: bool = False
    drop: Drop | None = None
    delay: timedelta | None = None
    drip: timedelta | None = None
    truncate: int | None = None
    open_id: str | None = None
    share: float = 1.0
    times: int = 1

    def reply(self, replies: Replies, *, oauth: bool) -> Reply | None:
        """Return the error reply, or `None` if the request is to be processed."""
        if self.body is not None:
            return Reply(self.status or 200, self.body, HTML if self.html else JSON, self.headers)
        if self.status is None:
            return None
        if self.html:
            page = (
                f"<html><head><title>{self.status}</title></head><body><h1>{self.status} Bad Gateway</h1></body></html>"
            )
            return Reply(self.status, page.encode(), HTML, self.headers)
        if oauth:
            code = self.code or _OAUTH_CODES.get(self.status, "server_error")
            reply = replies.oauth_error(code, self.message, status=self.status)
        else:
            code = self.code or (
                "internal_error" if self.status >= _SERVER_ERROR else _CODES.get(self.status, "invalid_params")
            )
            reply = replies.error(code, self.message, status=self.status)
        return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, **self.headers})


class Faults:
    """The planned faults, in the order in which they were planned."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._planned: dict[EndpointKey, list[Fault]] = {}

    def plan(self, endpoint: EndpointKey, fault: Fault) -> None:
        """Plan *fault* for the next requests to *endpoint*."""
        self._planned.setdefault(endpoint, []).append(fault)

    def clear(self) -> None:
        """Remove all planned faults."""
        self._planned.clear()

    def take(self, endpoint: EndpointKey, open_id: str | None) -> Fault | None:
        """Return the fault for this request, if there is one, and count it down."""
        planned = self._planned.get(endpoint)
        if not planned:
            return None
        for fault in planned:
            if fault.open_id is not None and fault.open_id != open_id:
                continue
            if fault.share < 1 and self._clock.random() >= fault.share:
                continue
            fault.times -= 1
            if fault.times <= 0:
                planned.remove(fault)
            return fault
        return None
