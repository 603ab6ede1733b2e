"""The documented endpoints, and models of pages, retries and rate limits."""

from datetime import timedelta
from enum import Enum, StrEnum
from typing import Generic, TypeVar

from attrs import field, frozen

from tiktok_async.models._checks import CheckedModel, Checks, as_duration, shown
from tiktok_async.models._json import JsonModel

T_co = TypeVar("T_co", covariant=True)


@frozen(slots=True, kw_only=True)
class Page(JsonModel, Generic[T_co]):
    """The result of one request of a listing.

    Attributes:
        items: The items, in TikTok's order; may be fewer than requested, even none, while *has_more* is true.
        cursor: Continues the listing after this page; `None` if there is no further page.
        has_more: Whether TikTok says that there is more.
        log_id: TikTok's id of the call.
        checkpoint: Continues a long Research search after this page, in any process.
    """

    items: tuple[T_co, ...]
    cursor: int | None = None
    has_more: bool = False
    log_id: str | None = None
    checkpoint: str | None = None


@frozen(slots=True, kw_only=True)
class RetryPolicy(CheckedModel):
    """Attempts, backoff and the overall deadline for calls that are safe to repeat.

    The wait before attempt *n* is drawn evenly from zero to `min(cap, base * 2 ** (n - 1))` ("full jitter").

    Attributes:
        attempts: The most attempts for a call; 1 never repeats.
        base: The longest first wait.
        cap: The longest wait.
        deadline: No attempt starts later than this after the first. Lengths of time may be numbers of seconds.

    Raises:
        ConfigurationError: A value is invalid; `.problems` names each one.
    """

    attempts: int = 4
    base: timedelta = field(default=timedelta(milliseconds=250), converter=as_duration)
    cap: timedelta = field(default=timedelta(seconds=20), converter=as_duration)
    deadline: timedelta = field(default=timedelta(seconds=90), converter=as_duration)

    def __attrs_post_init__(self) -> None:
        checks = Checks()
        checks.whole("attempts", self.attempts, least=1)
        for name in ("base", "cap", "deadline"):
            checks.duration(name, getattr(self, name))
        checks.refuse("This RetryPolicy is invalid")


class Endpoint(Enum):
    """One documented endpoint of TikTok's v2 API.

    Its scopes, limit and content type, and whether it may be repeated, are in the SDK's endpoint table; this is only
    its name, method and path.
    """

    TOKEN = ("POST", "/v2/oauth/token/")
    REVOKE = ("POST", "/v2/oauth/revoke/")
    QRCODE_GET = ("POST", "/v2/oauth/get_qrcode/")
    QRCODE_CHECK = ("POST", "/v2/oauth/check_qrcode/")
    USER_INFO = ("GET", "/v2/user/info/")
    VIDEO_LIST = ("POST", "/v2/video/list/")
    VIDEO_QUERY = ("POST", "/v2/video/query/")
    CREATOR_INFO = ("POST", "/v2/post/publish/creator_info/query/")
    VIDEO_INIT = ("POST", "/v2/post/publish/video/init/")
    INBOX_INIT = ("POST", "/v2/post/publish/inbox/video/init/")
    CONTENT_INIT = ("POST", "/v2/post/publish/content/init/")
    STATUS_FETCH = ("POST", "/v2/post/publish/status/fetch/")
    PUBLISH_CANCEL = ("POST", "/v2/post/publish/cancel/")
    RESEARCH_VIDEO_QUERY = ("POST", "/v2/research/video/query/")
    RESEARCH_USER_INFO = ("POST", "/v2/research/user/info/")
    RESEARCH_COMMENT_LIST = ("POST", "/v2/research/video/comment/list/")
    RESEARCH_LIKED_VIDEOS = ("POST", "/v2/research/user/liked_videos/")
    RESEARCH_PINNED_VIDEOS = ("POST", "/v2/research/user/pinned_videos/")
    RESEARCH_REPOSTED_VIDEOS = ("POST", "/v2/research/user/reposted_videos/")
    RESEARCH_FOLLOWERS = ("POST", "/v2/research/user/followers/")
    RESEARCH_FOLLOWING = ("POST", "/v2/research/user/following/")
    RESEARCH_PLAYLIST_INFO = ("POST", "/v2/research/playlist/info/")
    RESEARCH_SHOP = ("POST", "/v2/research/tts/shop/")
    RESEARCH_SHOP_PRODUCTS = ("POST", "/v2/research/tts/product/")
    RESEARCH_SHOP_REVIEWS = ("POST", "/v2/research/tts/review/")
    RESEARCH_VALIDATION_CREATE = ("POST", "/v2/research/validation_task/create/")
    RESEARCH_VALIDATION_STATUS = ("POST", "/v2/research/validation_task_status/get/")
    RESEARCH_VALIDATION_DOWNLOAD = ("POST", "/v2/research/validation_task/download/")
    RESEARCH_ADLIB_AD_QUERY = ("POST", "/v2/research/adlib/ad/query/")
    RESEARCH_ADLIB_AD_DETAIL = ("POST", "/v2/research/adlib/ad/detail/")
    RESEARCH_ADLIB_AD_REPORT = ("POST", "/v2/research/adlib/ad/report/")
    RESEARCH_ADLIB_ADVERTISER_QUERY = ("POST", "/v2/research/adlib/advertiser/query/")
    RESEARCH_ADLIB_CONTENT_QUERY = ("POST", "/v2/research/adlib/commercial_content/query/")
    PORTABILITY_ADD = ("POST", "/v2/user/data/add/")
    PORTABILITY_CHECK = ("POST", "/v2/user/data/check/")
    PORTABILITY_DOWNLOAD = ("POST", "/v2/user/data/download/")
    PORTABILITY_CANCEL = ("POST", "/v2/user/data/cancel/")

    def __init__(self, method: str, path: str) -> None:
        self._method = method
        self._path = path

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self._method

    @property
    def path(self) -> str:
        """The path, with TikTok's trailing slash."""
        return self._path


class WindowKind(StrEnum):
    """How TikTok counts a limit."""

    SLIDING = "sliding"
    """Any stretch of time as long as `Limit.per` holds at most `Limit.count` calls."""
    UTC_DAY = "utc_day"
    """The count starts again at zero at midnight UTC."""


@frozen(slots=True)
class Limit(JsonModel):
    """At most *count* calls in each *per*.

    Args:
        count: The most calls; at least 1.
        per: The length of the window.
        kind: Whether the window slides, or starts again at midnight UTC.

    Raises:
        ConfigurationError: One of them cannot be right.

    Example:
        >>> Limit(600, timedelta(minutes=1)).count
        600
    """

    count: int = field()
    per: timedelta = field(converter=as_duration)
    kind: WindowKind = field(default=WindowKind.SLIDING, kw_only=True)

    def __attrs_post_init__(self) -> None:
        checks = Checks()
        checks.whole("count", self.count, least=1, optional=False)
        if self.per is None:  # pyright: ignore[reportUnnecessaryComparison]  # unchecked callers
            checks.add("per is missing: give a timedelta or a number of seconds")
        checks.duration("per", self.per, positive=True)
        if self.kind not in tuple(WindowKind):
            checks.add(f"kind is {shown(self.kind)}, not one of {', '.join(WindowKind)}")
        checks.refuse("This is no limit")
