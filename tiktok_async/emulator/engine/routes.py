"""The routes of the product areas, and the calls that their handlers get."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import orjson
from aiohttp import web
from attrs import define, frozen

from tiktok_async.emulator.engine.grants import Grant
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.requests import RecordedRequest
from tiktok_async.models import Endpoint

EndpointKey = Endpoint | str

# The names of what is served besides the documented endpoints.
AUTHORIZE = "authorize"
UPLOAD = "upload"


class BadBody(ValueError):
    """The body is not a JSON object; the message says why."""


class OAuthRefused(Exception):
    """A request that gets a flat OAuth error."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@define(slots=True, repr=False)
class Call:
    """One request that the emulator handles.

    Attributes:
        request: aiohttp's request.
        record: Its entry in the log.
        body: The whole body; empty on a route that reads it itself.
        grant: The grant of the bearer token; `None` on routes without one.
        plain_text: Whether a JSON body may have the content type `text/plain`.
    """

    request: web.BaseRequest
    record: RecordedRequest
    body: bytes = b""
    grant: Grant | None = None
    plain_text: bool = False

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters."""
        return self.request.query

    @property
    def user_grant(self) -> Grant:
        """The grant of a route that has `auth="user"` or `"client"`.

        Raises:
            LookupError: The route takes no token.
        """
        if self.grant is None:
            msg = f"{self.record.path} takes no token"
            raise LookupError(msg)
        return self.grant

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body; an empty body is an empty object.

        Raises:
            BadBody: The body is something else.
        """
        if not self.body:
            return {}
        kinds = ("application/json", "text/plain") if self.plain_text else ("application/json",)
        if not self.request.headers.get("Content-Type", "").startswith(kinds):
            msg = "the body's content type must be application/json"
            raise BadBody(msg)
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            msg = "the body is not JSON"
            raise BadBody(msg) from error
        if not isinstance(value, dict):
            msg = "the body is not a JSON object"
            raise BadBody(msg)
        return value  # pyright: ignore[reportUnknownVariableType] - orjson types nothing; its keys are str


Handler = Callable[[Call], Awaitable[Reply]]


@frozen(slots=True, kw_only=True)
class RouteDef:
    """One path the emulator serves.

    Attributes:
        endpoint: Its name in faults, limits and the log: an `Endpoint`, or an own name of the emulator.
        method: HTTP method.
        path: The path; with `prefix`, the beginning of the path.
        handler: The function that answers.
        auth: The kind of token that it takes.
        scopes: The token needs one of these scopes; empty: the handler checks them itself.
        prefix: Whether the route also serves everything under *path*.
        reads_body: Whether the handler reads the body from `Call.request` itself.
        hidden: Whether it is left out of the log and of faults.
        oauth: Whether its errors are flat.
        on_fault: Called when a fault answers instead of the handler, because the request still counts.
    """

    endpoint: EndpointKey
    handler: Handler
    method: str
    path: str
    auth: Literal["none", "user", "client"] = "none"
    scopes: frozenset[str] = frozenset()
    prefix: bool = False
    reads_body: bool = False
    hidden: bool = False
    oauth: bool = False
    on_fault: Callable[[], object] | None = None


def route(
    endpoint: Endpoint,
    handler: Handler,
    *,
    auth: Literal["none", "user", "client"] = "user",
    scopes: tuple[str, ...] = (),
    oauth: bool = False,
    reads_body: bool = False,
) -> RouteDef:
    """Return the route of a documented endpoint."""
    return RouteDef(
        endpoint=endpoint,
        handler=handler,
        method=endpoint.method,
        path=endpoint.path,
        auth=auth,
        scopes=frozenset(scopes),
        oauth=oauth,
        reads_body=reads_body,
    )
