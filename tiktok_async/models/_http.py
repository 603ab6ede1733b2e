"""Requests and responses of the transport, as plain values."""

from collections.abc import AsyncIterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from yarl import URL

from tiktok_async.models._json import JsonModel

if TYPE_CHECKING:
    from aiohttp import ClientTimeout


class Request:
    """One HTTP request, ready to be sent; never shown completely, since URLs, headers and bodies hold secrets.

    Attributes:
        method: The HTTP method.
        url: The address, sent unchanged.
        headers: The headers.
        body: The bytes, or an async iterable of pieces; the headers then name its length.
        stall_timeout: Seconds without any progress after which it counts as lost, in place of a total time;
            `None` for the transport's total time.
        timeout: The timeout, in place of the transport's own.
        fresh: Whether it needs a new connection, since sending it twice would do harm.
        kept: With *fresh*, whether the connection may be kept for a second, for the next request of this kind.
        begun: Whether a transport has begun to write it; `None` if the transport does not say.
    """

    __slots__ = ("begun", "body", "fresh", "headers", "kept", "method", "stall_timeout", "timeout", "url")

    def __init__(
        self,
        *,
        method: str,
        url: URL | str,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterable[bytes | memoryview] | None = None,
        stall_timeout: float | None = None,
        timeout: "ClientTimeout | None" = None,
        fresh: bool = False,
        kept: bool = False,
    ) -> None:
        self.method: str = method
        self.url: URL | str = url
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.body: bytes | AsyncIterable[bytes | memoryview] | None = body
        self.stall_timeout: float | None = stall_timeout
        self.timeout: ClientTimeout | None = timeout
        self.fresh: bool = fresh
        self.kept: bool = kept
        self.begun: bool | None = None

    def __repr__(self) -> str:
        return f"<Request {self.method}>"


class RawResponse:
    """One HTTP response, read to its end and not yet decoded.

    Attributes:
        status: The HTTP status.
        headers: The HTTP response headers.
        body: The bytes.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status: int = status
        self.headers: Mapping[str, str] = headers
        self.body: bytes = body

    def __repr__(self) -> str:
        return f"<RawResponse {self.status}>"


@frozen(slots=True, kw_only=True)
class Response(JsonModel):
    """TikTok's decoded answer, from `TikTokSession.request`.

    Attributes:
        data: The `data` member of TikTok's envelope, or the whole JSON body without an envelope.
        log_id: TikTok's id of this call, for its support; `None` if TikTok gave none.
        status: The HTTP status.
        headers: The HTTP response headers.
    """

    data: Any
    log_id: str | None
    status: int
    headers: Mapping[str, str] = field(repr=False)


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return the header *name*, in lower case, of a mapping that may not ignore case."""
    return next((value for key, value in headers.items() if key.lower() == name), None)


def is_success(status: int) -> bool:
    """Say whether *status* is one of HTTP's 2xx."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def is_redirect(status: int) -> bool:
    """Say whether *status* is one of HTTP's 3xx."""
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST


def is_error(status: int) -> bool:
    """Say whether *status* is one of HTTP's 4xx or 5xx."""
    return status >= HTTPStatus.BAD_REQUEST
