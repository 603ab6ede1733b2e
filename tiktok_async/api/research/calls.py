"""Sending Research calls, and the code that they share."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from attrs import frozen

from tiktok_async._calls.rules.endpoints import EndpointSpec
from tiktok_async._calls.sender import Sender
from tiktok_async._decoding.answers import member, read
from tiktok_async._tokens.credentials import ClientCredential
from tiktok_async.abc import Clock
from tiktok_async.api.pages import Follow, Pages, StallRetries
from tiktok_async.api.research.rules.shapes import listed
from tiktok_async.errors import ConfigurationError, QuotaExhausted
from tiktok_async.models import Endpoint, Page
from tiktok_async.models._http import Response
from tiktok_async.models._wire import WireModel
from tiktok_async.query._checks import username_problem

__all__ = [
    "MOST_A_PAGE",
    "Listing",
    "PageEnd",
    "ResearchCalls",
    "check_id",
    "check_limit",
    "check_username",
    "object_of",
    "wanted",
]

T = TypeVar("T", bound=WireModel)

# https://developers.tiktok.com/doc/research-api-specs-query-videos
MOST_A_PAGE = 100
# TikTok's midnight and this machine's differ a little; TikTok would refuse a call that is too early.
_AFTER_MIDNIGHT = 60.0


@frozen(slots=True)
class ResearchCalls:
    """Sends Research calls with the app's own token.

    Attributes:
        sender: The request path; it counts each call against the day's quota before it is sent.
        credential: The app's token.
        clock: Waits for midnight.
    """

    sender: Sender
    credential: ClientCredential
    clock: Clock

    async def call(
        self,
        endpoint: Endpoint,
        json: Mapping[str, Any],
        *,
        fields: Iterable[str] | None = None,
        wait_for_quota: bool = False,
    ) -> Response:
        """Call *endpoint*.

        Args:
            endpoint: The endpoint.
            json: The body.
            fields: The `fields` query parameter.
            wait_for_quota: Wait for midnight UTC when the day's quota is used up.

        Raises:
            QuotaExhausted: The quota is used up, and *wait_for_quota* is off.
            TikTokError: From the call.
        """
        joined = None if fields is None else ",".join(fields)
        return await self._send_with_quota(
            lambda: self.sender.call(endpoint, credential=self.credential, fields=joined, json=json), wait_for_quota
        )

    async def call_raw(
        self, spec: EndpointSpec, body: bytes, *, content_type: str, wait_for_quota: bool = False
    ) -> Response:
        """Call the endpoint of *spec* with a body that is not JSON; the rest is as for `call`."""
        return await self._send_with_quota(
            lambda: self.sender.call_spec(spec, credential=self.credential, body=body, content_type=content_type),
            wait_for_quota,
        )

    async def _send_with_quota(self, send: Callable[[], Awaitable[Response]], wait_for_quota: bool) -> Response:  # noqa: FBT001 - from above
        while True:
            try:
                return await send()
            except QuotaExhausted as error:
                if not wait_for_quota or error.resets_at is None:
                    raise
                left = (error.resets_at - self.clock.now()).total_seconds()
            await self.clock.sleep(max(0.0, left) + _AFTER_MIDNIGHT)


@frozen(kw_only=True)
class PageEnd:
    """The part of a page that says how its listing continues."""

    cursor: int | None = None
    has_more: bool = False


@frozen(slots=True, kw_only=True)
class Listing:
    """A listing whose pages continue by a cursor, which is returned to TikTok unchanged.

    Attributes:
        calls: Sends the calls.
        endpoint: The endpoint.
        body: The body of a request, without cursor and count.
        keys: The possible names of the list of items, the most likely first.
        fields: The `fields` query parameter; `None`: the endpoint has none.
        shape: Converts the known forms of an item into one.
    """

    calls: ResearchCalls
    endpoint: Endpoint
    body: Mapping[str, Any]
    keys: tuple[str, ...]
    fields: tuple[str, ...] | None = None
    shape: Callable[[Any], Any] | None = None

    def pages(
        self, model: type[T], *, limit: int | None, cursor: int | None, wait_for_quota: bool, paged: bool = True
    ) -> Pages[T]:
        """Return the pages, read as *model*.

        Args:
            model: The class of an item.
            limit: The most items to yield; `None` for all.
            cursor: The position of a saved listing.
            wait_for_quota: Wait for midnight UTC when the day's quota is used up.
            paged: Whether the endpoint takes `max_count` and `cursor`.
        """
        check_limit(limit)

        def ask(position: int | None, left: int | None) -> Awaitable[Response]:
            body = dict(self.body)
            if paged:
                body["max_count"] = MOST_A_PAGE if left is None else min(MOST_A_PAGE, left)
            if position is not None:
                body["cursor"] = position
            return self.calls.call(self.endpoint, body, fields=self.fields, wait_for_quota=wait_for_quota)

        def read(response: Response) -> tuple[Page[T], bool]:
            # An endpoint without cursors has no second page, even if its answer says so.
            return self.page(response, model), not paged

        def walk() -> Follow[T]:
            return Follow(ask, read, start=cursor, limit=limit, stops=StallRetries(self.calls.clock, self.endpoint))

        return Pages(walk)

    def page(self, response: Response, model: type[T]) -> Page[T]:
        """Read one answer, with TikTok's own cursor and `has_more`.

        Raises:
            ServerError: It is not of the documented form.
        """
        end = read(response, response.data or {}, PageEnd, endpoint=self.endpoint)
        raw = listed(response.data, *self.keys)
        shaped = raw if self.shape is None else [self.shape(one) for one in raw]
        items = tuple(read(response, one, model, endpoint=self.endpoint) for one in shaped)
        return Page(items=items, cursor=end.cursor, has_more=end.has_more, log_id=response.log_id)


def object_of(response: Response, name: str | None = None) -> Any:  # noqa: ANN401 - any JSON value
    """Return the data of an answer, or one member of it; an empty object if it is missing."""
    return (response.data if name is None else member(response, name)) or {}


def wanted(fields: Iterable[str] | None, all_of_them: Iterable[str], *always: str) -> tuple[str, ...]:
    """Return the fields to request, each once.

    Args:
        fields: The caller's fields; one unknown to this library may be new at TikTok. `None`: all.
        all_of_them: All known fields.
        always: The fields that are always needed.

    Raises:
        ConfigurationError: *fields* is empty, or one string.
    """
    if isinstance(fields, str):
        raise ConfigurationError("`fields` is one string; give a list of field names.")
    asked = tuple(all_of_them if fields is None else map(str, fields))
    if not asked:
        raise ConfigurationError("At least one field is needed; leave `fields` out for all of them.")
    return tuple(dict.fromkeys((*always, *asked)))


def check_limit(limit: int | None) -> None:
    """Refuse an invalid limit.

    Raises:
        ConfigurationError: *limit* is below 1.
    """
    if limit is not None and limit < 1:
        raise ConfigurationError(f"limit is at least 1, or None for all, not {limit!r}.")


def check_username(username: str) -> str:
    """Return *username*.

    Raises:
        ConfigurationError: It cannot be a handle; a request for it would only use up quota.
    """
    if (problem := username_problem(username)) is not None:
        raise ConfigurationError(f"A username is needed, but {problem}.")
    return username


def check_id(what: str, value: str | int) -> int:
    """Return an id as the number that the Research API takes.

    Raises:
        ConfigurationError: It is not an id.
    """
    text = str(value)
    if not (text.isascii() and text.isdigit()) or isinstance(value, bool):
        raise ConfigurationError(f"{what} must be an id of digits, as TikTok gives it, not {text[:60]!r}.")
    return int(text)
