"""The endpoint table: what each endpoint needs and allows. Scopes, limits, retries and docs are derived from it.

Limits: https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit
Research: https://developers.tiktok.com/doc/research-api-faq
Portability: https://developers.tiktok.com/doc/data-portability-api-faq
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from attrs import frozen

from tiktok_async.models import Endpoint, Limit, Scope, WindowKind

_DOCS = "https://developers.tiktok.com/doc/"
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

JSON = "application/json"
JSON_UTF8 = "application/json; charset=UTF-8"
# The token endpoint has refused any other type, even this one with a charset.
# https://developers.tiktok.com/doc/oauth-user-access-token-management
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class Auth(StrEnum):
    """Whose credential a call carries."""

    APP = "app"
    """`client_key` and `client_secret` in the form; no token."""
    USER = "user"
    """A user's access token."""
    CLIENT = "client"
    """The app's own client token."""


class Repeatable(StrEnum):
    """When a failed call may be sent again without asking the caller."""

    ALWAYS = "always"
    """A read: on 5xx, 429 and a lost connection."""
    UNSENT = "unsent"
    """Only when the request provably did not arrive, or was refused without an effect (429)."""


@frozen(slots=True, kw_only=True)
class EndpointSpec:
    """One row of the table.

    Attributes:
        method: The HTTP method.
        path: The path.
        auth: Whose credential it takes.
        scopes: Scopes of which one is needed; empty if it depends on the request, or if none is.
        limit: TikTok's documented limit; `None` if it documents none.
        limit_group: The name that endpoints with one common count share; `None`: counted by path.
        repeatable: When it may be sent again.
        content_type: The type of the body.
        trust_ok: Whether the envelope's `ok` holds under an HTTP error status, too.
        docs: TikTok's page.
    """

    method: str
    path: str
    auth: Auth
    scopes: frozenset[str] = frozenset()
    limit: Limit | None = None
    limit_group: str | None = None
    repeatable: Repeatable
    content_type: str = JSON
    trust_ok: bool = False
    docs: str = _DOCS + "tiktok-api-v2-introduction"


def _row(
    endpoint: Endpoint,
    page: str,
    *,
    auth: Auth = Auth.USER,
    scopes: tuple[Scope, ...] = (),
    limit: Limit | None = None,
    limit_group: str | None = None,
    repeatable: Repeatable = Repeatable.ALWAYS,
    content_type: str = JSON,
    trust_ok: bool = False,
) -> tuple[Endpoint, EndpointSpec]:
    return endpoint, EndpointSpec(
        method=endpoint.method,
        path=endpoint.path,
        auth=auth,
        scopes=frozenset(scopes),
        limit=limit,
        limit_group=limit_group,
        repeatable=repeatable,
        content_type=content_type,
        trust_ok=trust_ok,
        docs=_DOCS + page,
    )


def _oauth(endpoint: Endpoint, page: str) -> tuple[Endpoint, EndpointSpec]:
    # The request path never repeats a grant that may have arrived: a code and a refresh token work once. The token
    # manager has rules of its own for that.
    return _row(endpoint, page, auth=Auth.APP, repeatable=Repeatable.UNSENT, content_type=FORM)


_READS = Limit(600, _MINUTE)
_INIT = Limit(6, _MINUTE)
_RESEARCH = Limit(1_000, _DAY, kind=WindowKind.UTC_DAY)
_GRAPH = Limit(20_000, _DAY, kind=WindowKind.UTC_DAY)
_PORTABILITY = Limit(1_000, _MINUTE)

_POSTING = (Scope.VIDEO_PUBLISH, Scope.VIDEO_UPLOAD)


def _research(
    endpoint: Endpoint,
    page: str,
    *,
    limit: Limit = _RESEARCH,
    group: str = "research",
    content_type: str = JSON,
    trust_ok: bool = False,
) -> tuple[Endpoint, EndpointSpec]:
    return _row(
        endpoint,
        page,
        auth=Auth.CLIENT,
        scopes=(Scope.RESEARCH_DATA_BASIC,),
        limit=limit,
        limit_group=group,
        content_type=content_type,
        trust_ok=trust_ok,
    )


def _adlib(endpoint: Endpoint, page: str) -> tuple[Endpoint, EndpointSpec]:
    return _row(endpoint, page, auth=Auth.CLIENT, scopes=(Scope.RESEARCH_ADLIB_BASIC,))


_POST = "content-posting-api-reference-"

ENDPOINTS: Mapping[Endpoint, EndpointSpec] = dict(
    (
        _oauth(Endpoint.TOKEN, "oauth-user-access-token-management"),
        _oauth(Endpoint.REVOKE, "oauth-user-access-token-management"),
        _oauth(Endpoint.QRCODE_GET, "login-kit-qr-code-authorization"),
        _oauth(Endpoint.QRCODE_CHECK, "login-kit-qr-code-authorization"),
        _row(Endpoint.USER_INFO, "tiktok-api-v2-get-user-info", limit=_READS),
        _row(Endpoint.VIDEO_LIST, "tiktok-api-v2-video-list", scopes=(Scope.VIDEO_LIST,), limit=_READS),
        _row(Endpoint.VIDEO_QUERY, "tiktok-api-v2-video-query", scopes=(Scope.VIDEO_LIST,), limit=_READS),
        _row(
            Endpoint.CREATOR_INFO,
            _POST + "query-creator-info",
            scopes=_POSTING,
            limit=Limit(20, _MINUTE),
            content_type=JSON_UTF8,
        ),
        _row(
            Endpoint.VIDEO_INIT,
            _POST + "direct-post",
            scopes=(Scope.VIDEO_PUBLISH,),
            limit=_INIT,
            repeatable=Repeatable.UNSENT,
            content_type=JSON_UTF8,
        ),
        _row(
            Endpoint.INBOX_INIT,
            _POST + "upload-video",
            scopes=(Scope.VIDEO_UPLOAD,),
            limit=_INIT,
            repeatable=Repeatable.UNSENT,
            content_type=JSON_UTF8,
        ),
        _row(
            # DIRECT_POST needs video.publish and MEDIA_UPLOAD needs video.upload: the caller checks which.
            Endpoint.CONTENT_INIT,
            _POST + "photo-post",
            scopes=_POSTING,
            limit=_INIT,
            repeatable=Repeatable.UNSENT,
            content_type=JSON_UTF8,
        ),
        _row(
            Endpoint.STATUS_FETCH,
            _POST + "get-video-status",
            scopes=_POSTING,
            limit=Limit(30, _MINUTE),
            content_type=JSON_UTF8,
        ),
        _row(
            # Cancelling twice is refused as not cancellable, so a repeat could turn a success into an error.
            Endpoint.PUBLISH_CANCEL,
            "content-posting-api-media-transfer-guide",
            scopes=_POSTING,
            repeatable=Repeatable.UNSENT,
            content_type=JSON_UTF8,
        ),
        _research(Endpoint.RESEARCH_VIDEO_QUERY, "research-api-specs-query-videos"),
        _research(Endpoint.RESEARCH_USER_INFO, "research-api-specs-query-user-info"),
        _research(Endpoint.RESEARCH_COMMENT_LIST, "research-api-specs-query-video-comments"),
        _research(Endpoint.RESEARCH_LIKED_VIDEOS, "research-api-specs-query-user-liked-videos"),
        _research(Endpoint.RESEARCH_PINNED_VIDEOS, "research-api-specs-query-user-pinned-videos"),
        _research(Endpoint.RESEARCH_REPOSTED_VIDEOS, "research-api-specs-query-user-reposted-videos"),
        _research(
            Endpoint.RESEARCH_FOLLOWERS,
            "research-api-specs-query-user-followers",
            limit=_GRAPH,
            group="graph",
        ),
        _research(
            Endpoint.RESEARCH_FOLLOWING,
            "research-api-specs-query-user-following",
            limit=_GRAPH,
            group="graph",
        ),
        # It has answered with HTTP 500 together with good data and the code `ok`.
        _research(Endpoint.RESEARCH_PLAYLIST_INFO, "research-api-specs-query-playlist-info", trust_ok=True),
        _research(Endpoint.RESEARCH_SHOP, "research-api-specs-query-tiktok-shop-info"),
        _research(Endpoint.RESEARCH_SHOP_PRODUCTS, "research-api-specs-query-tiktok-shop-products"),
        _research(Endpoint.RESEARCH_SHOP_REVIEWS, "research-api-specs-query-tiktok-shop-reviews"),
        _research(Endpoint.RESEARCH_VALIDATION_CREATE, "batch-compliance-apis", content_type=MULTIPART),
        _research(Endpoint.RESEARCH_VALIDATION_STATUS, "batch-compliance-apis"),
        _research(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, "batch-compliance-apis"),
        _adlib(Endpoint.RESEARCH_ADLIB_AD_QUERY, "commercial-content-api-query-ads"),
        _adlib(Endpoint.RESEARCH_ADLIB_AD_DETAIL, "commercial-content-api-get-ad-details"),
        _adlib(Endpoint.RESEARCH_ADLIB_AD_REPORT, "commercial-content-api-get-ad-report"),
        _adlib(Endpoint.RESEARCH_ADLIB_ADVERTISER_QUERY, "commercial-content-api-query-advertisers"),
        _adlib(Endpoint.RESEARCH_ADLIB_CONTENT_QUERY, "commercial-content-api-query-commercial-content"),
        _row(
            # A repeated add could use up a single-use scope twice.
            Endpoint.PORTABILITY_ADD,
            "data-portability-api-add",
            limit=_PORTABILITY,
            repeatable=Repeatable.UNSENT,
        ),
        _row(Endpoint.PORTABILITY_CHECK, "data-portability-api-check", limit=_PORTABILITY),
        _row(Endpoint.PORTABILITY_DOWNLOAD, "data-portability-api-download", limit=_PORTABILITY),
        _row(
            Endpoint.PORTABILITY_CANCEL,
            "data-portability-api-cancel",
            limit=_PORTABILITY,
            repeatable=Repeatable.UNSENT,
        ),
    )
)

BY_PATH: Mapping[str, EndpointSpec] = {spec.path: spec for spec in ENDPOINTS.values()}
