"""One call in the request path: what its caller asked for, and its state."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from yarl import URL

from tiktok_async._calls.rules.endpoints import EndpointSpec
from tiktok_async._http.streaming import Streaming
from tiktok_async.models import ClientToken, Token

if TYPE_CHECKING:
    from tiktok_async.errors import TikTokError

_MOST_FIELD_LISTS = 64  # more than a program uses; further ones are not cached


class Route:
    """An endpoint as this session calls it."""

    __slots__ = ("spec", "url", "urls")

    def __init__(self, spec: EndpointSpec, url: URL) -> None:
        self.spec: EndpointSpec = spec
        self.url: URL = url
        self.urls: dict[str, URL] = {}

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


class Delivery:
    """Reports to the caller whether a call that must not be made twice may have had an effect.

    Attributes:
        in_doubt: Whether a request may have been sent that TikTok has not refused.
    """

    __slots__ = ("in_doubt",)

    def __init__(self) -> None:
        self.in_doubt: bool = False


class Call:
    """One call as its caller asked for it, and its state.

    Its `repr` shows nothing: the form of a grant holds the app's secret, and crash reporters show the variables of
    every frame.

    Attributes:
        spec: The row of the endpoint table.
        url: The address.
        headers: The request headers, without the token.
        body: The body.
        credential: Gives the token; `None` for a call without one.
        open_id: The account it is for, if any.
        started: When it began, by the monotonic clock.
        kept: Whether its connection may be kept for the next call of this kind, where others get one of their own.
        delivery: Is told whether the call may have had an effect.
        streaming: Takes the answer, if it is a file.
        token: What it was sent with last.
        attempts: How often it was sent.
        waited: Seconds it waited for slots.
        status: The last HTTP status.
        repeated: The error that led to the last repeat.
    """

    __slots__ = (
        "attempts",
        "body",
        "credential",
        "delivery",
        "headers",
        "kept",
        "open_id",
        "repeated",
        "spec",
        "started",
        "status",
        "streaming",
        "token",
        "url",
        "waited",
    )

    def __init__(
        self,
        spec: EndpointSpec,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        credential: Credential | None,
        *,
        started: float,
        kept: bool = False,
        delivery: Delivery | None = None,
        streaming: Streaming | None = None,
    ) -> None:
        self.spec: EndpointSpec = spec
        self.url: URL = url
        self.headers: Mapping[str, str] = headers
        self.body: bytes | None = body
        self.credential: Credential | None = credential
        self.open_id: str | None = None if credential is None else credential.open_id
        self.started: float = started
        self.kept: bool = kept
        self.delivery: Delivery | None = delivery
        self.streaming: Streaming | None = streaming
        self.token: Token | ClientToken | None = None
        self.attempts: int = 0
        self.waited: float = 0.0
        self.status: int | None = None
        self.repeated: TikTokError | None = None
