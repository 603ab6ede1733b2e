"""One call in the request path: what its caller asked for, and its state."""

from collections.abc import Mapping
from typing import Protocol

from attrs import define, field, frozen
from yarl import URL

from tiktok_async._calls.rules.endpoints import EndpointSpec
from tiktok_async._http.streaming import Streaming
from tiktok_async.errors import TikTokError
from tiktok_async.models import ClientToken, Token

_MOST_FIELD_LISTS = 64  # more than a program uses; further ones are not cached


@frozen(slots=True)
class Route:
    """An endpoint as this session calls it."""

    spec: EndpointSpec
    url: URL
    urls: dict[str, URL]

    def with_fields(self, fields: str) -> URL:
        """Return the URL with a `fields` parameter, cached, since a program uses few different ones."""
        url = self.urls.get(fields)
        if url is None:
            url = self.url.update_query(fields=fields)
            if len(self.urls) < _MOST_FIELD_LISTS:
                self.urls[fields] = url
        return url


class Credential(Protocol):
    """Gives the request path the tokens of one account or of the app."""

    @property
    def open_id(self) -> str | None:
        """The account, or `None` for the app."""
        ...

    def usable(self) -> Token | ClientToken | None:
        """Return a token that can be used right now, without I/O, if there is one."""
        ...

    async def obtain(self) -> Token | ClientToken:
        """Return a usable token, from the store or from TikTok if needed."""
        ...

    async def rejected(self, token: Token | ClientToken) -> Token | ClientToken:
        """Return another token than *token*, which TikTok has just refused, or raise."""
        ...


@define(slots=True, eq=False)
class Delivery:
    """Reports to the caller whether a call that must not be made twice may have had an effect.

    Attributes:
        in_doubt: Whether a request may have been sent that TikTok has not refused.
    """

    in_doubt: bool = False


@define(slots=True, eq=False)
class Call:
    """One call as its caller asked for it, and its state.

    Attributes:
        spec: The row of the endpoint table.
        url: The address.
        headers: The request headers, without the token.
        body: The body.
        credential: Gives the token; `None` for a call without one.
        open_id: The account it is for, if any.
        started: When it began, by the monotonic clock.
        streaming: Receives the answer if it is a file.
        delivery: Is told whether the call may have had an effect.
        kept: Whether its connection may be kept for the next call of this kind, where others get one of their own.
        attempts: How often it was sent.
        waited: Seconds it waited for slots.
        status: The last HTTP status.
        repeated: The error that led to the last repeat.
    """

    spec: EndpointSpec
    url: URL = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    # The form of a grant holds the app's secret, and crash reporters show the variables of every frame.
    body: bytes | None = field(repr=False)
    credential: Credential | None
    open_id: str | None
    started: float
    streaming: Streaming | None = None
    delivery: Delivery = field(factory=Delivery)
    kept: bool = False
    attempts: int = 0
    waited: float = 0.0
    status: int | None = None
    repeated: TikTokError | None = None
