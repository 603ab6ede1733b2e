"""Requests and responses as plain values: what the transport takes and gives."""

from collections.abc import AsyncIterable, Mapping
from typing import Any

from attrs import field, frozen
from yarl import URL


@frozen(slots=True, kw_only=True)
class Request:
    """One HTTP request, ready to be sent; never shown whole, since headers and bodies hold secrets."""

    method: str
    url: URL | str = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes | AsyncIterable[bytes] | None = field(default=None, repr=False)


@frozen(slots=True, kw_only=True)
class RawResponse:
    """One HTTP response, read to its end and not yet understood."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@frozen(slots=True, kw_only=True)
class Response:
    """What `TikTokSession.request` returns: TikTok's decoded answer.

    Attributes:
        data: The `data` member of TikTok's envelope, or the whole JSON body where there is no envelope.
        log_id: TikTok's id of this call, for its support; `None` where TikTok gave none.
        status: The HTTP status.
        headers: The HTTP response headers.
    """

    data: Any
    log_id: str | None
    status: int
    headers: Mapping[str, str] = field(repr=False)
