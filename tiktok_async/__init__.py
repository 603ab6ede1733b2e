"""The asyncio SDK for TikTok's official v2 API.

Names load on first use, so that `import tiktok_async` costs next to nothing and an extra that is not used is
never imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktok_async._chunks import (
        plan_chunks,
    )
    from tiktok_async._http import (
        Response,
    )
    from tiktok_async._limiter import (
        LocalRateLimiter,
    )
    from tiktok_async._pages import (
        Pages,
    )
    from tiktok_async._publish import (
        Publish,
    )
    from tiktok_async.abc import (
        ByteSource,
        Clock,
        RateLimiter,
        TokenStore,
        Transport,
    )
    from tiktok_async.api.account import (
        Account,
    )
    from tiktok_async.api.oauth import (
        OAuth,
    )
    from tiktok_async.api.research import (
        ComplianceTask,
        Research,
    )
    from tiktok_async.api.webhooks import (
        WebhookReceiver,
    )
    from tiktok_async.errors import (
        ArchiveUnavailable,
    )
    from tiktok_async.models import (
        ArchiveMember,
        ComplianceState,
        DataFormat,
        EffectInfo,
        HashtagInfo,
        Playlist,
        PortabilityCategory,
        PortabilityState,
        PortabilityStatus,
        QrStatus,
        Quota,
        RelatedUser,
        ResearchComment,
        ResearchUser,
        ResearchVideo,
        Shop,
        ShopProduct,
        ShopReview,
        StickerInfo,
        VideoLength,
        VideoTag,
        VideoTagMeaning,
    )
    from tiktok_async.query import (
        Condition,
        F,
        Query,
    )
    from tiktok_async.session import (
        TikTokSession,
    )

# name -> module, for what is neither an error nor a model
_HOMES = {
    "Account": "tiktok_async.api.account",
    "ArchiveMember": "tiktok_async.models",
    "ArchiveUnavailable": "tiktok_async.errors",
    "ByteSource": "tiktok_async.abc",
    "Clock": "tiktok_async.abc",
    "ComplianceState": "tiktok_async.models",
    "ComplianceTask": "tiktok_async.api.research",
    "Condition": "tiktok_async.query",
    "DataFormat": "tiktok_async.models",
    "EffectInfo": "tiktok_async.models",
    "F": "tiktok_async.query",
    "HashtagInfo": "tiktok_async.models",
    "LocalRateLimiter": "tiktok_async._limiter",
    "OAuth": "tiktok_async.api.oauth",
    "Pages": "tiktok_async._pages",
    "Playlist": "tiktok_async.models",
    "PortabilityCategory": "tiktok_async.models",
    "PortabilityState": "tiktok_async.models",
    "PortabilityStatus": "tiktok_async.models",
    "Publish": "tiktok_async._publish",
    "QrStatus": "tiktok_async.models",
    "Query": "tiktok_async.query",
    "Quota": "tiktok_async.models",
    "RateLimiter": "tiktok_async.abc",
    "RelatedUser": "tiktok_async.models",
    "Research": "tiktok_async.api.research",
    "ResearchComment": "tiktok_async.models",
    "ResearchUser": "tiktok_async.models",
    "ResearchVideo": "tiktok_async.models",
    "Response": "tiktok_async._http",
    "Shop": "tiktok_async.models",
    "ShopProduct": "tiktok_async.models",
    "ShopReview": "tiktok_async.models",
    "StickerInfo": "tiktok_async.models",
    "TikTokSession": "tiktok_async.session",
    "TokenStore": "tiktok_async.abc",
    "Transport": "tiktok_async.abc",
    "VideoLength": "tiktok_async.models",
    "VideoTag": "tiktok_async.models",
    "VideoTagMeaning": "tiktok_async.models",
    "WebhookReceiver": "tiktok_async.api.webhooks",
    "plan_chunks": "tiktok_async._chunks",
}

__all__ = [
    "AccessTokenInvalid",
    "Account",
    "AccountKey",
    "AccountNotFound",
    "ApiError",
    "ArchiveMember",
    "ArchiveUnavailable",
    "AuthorizationDenied",
    "AuthorizationRemoved",
    "AuthorizationRequest",
    "ByteSource",
    "ChunkPlan",
    "ChunkUploaded",
    "ClientToken",
    "Clock",
    "ComplianceState",
    "ComplianceTask",
    "Condition",
    "ConfigurationError",
    "CreatorInfo",
    "DataFormat",
    "DecryptionError",
    "EffectInfo",
    "Endpoint",
    "Event",
    "EventInProgress",
    "F",
    "FailReason",
    "HashtagInfo",
    "InvalidParams",
    "LeaseUnavailable",
    "Limit",
    "LocalRateLimiter",
    "OAuth",
    "OAuthError",
    "OutcomeUnknown",
    "Page",
    "Pages",
    "PhotoPost",
    "Playlist",
    "PortabilityCategory",
    "PortabilityDownloadReady",
    "PortabilityState",
    "PortabilityStatus",
    "PostEvent",
    "PostInboxDelivered",
    "PostNoLongerPubliclyAvailable",
    "PostPubliclyAvailable",
    "PostPublishComplete",
    "PostPublishFailed",
    "PostingRefused",
    "PrivacyLevel",
    "Publish",
    "PublishChanged",
    "PublishFailed",
    "PublishPending",
    "PublishState",
    "PublishStatus",
    "PullFromUrl",
    "QrStatus",
    "Query",
    "Quota",
    "QuotaExhausted",
    "RateLimitWaitExceeded",
    "RateLimitWaited",
    "RateLimited",
    "RateLimiter",
    "ReauthorizationNeeded",
    "ReauthorizationRequired",
    "RefreshAttempt",
    "RefreshReport",
    "RelatedUser",
    "RemovalReason",
    "RequestFinished",
    "Research",
    "ResearchComment",
    "ResearchUser",
    "ResearchVideo",
    "Response",
    "RetryPolicy",
    "Retrying",
    "Scope",
    "ScopeNotAuthorized",
    "ScopeNotGranted",
    "Secret",
    "ServerError",
    "SessionClosed",
    "Shop",
    "ShopProduct",
    "ShopReview",
    "SignatureMismatch",
    "SourceChanged",
    "StateMismatch",
    "StickerInfo",
    "StoreError",
    "StoreUnsafe",
    "TikTokError",
    "TikTokSession",
    "TimestampOutsideTolerance",
    "Token",
    "TokenConflict",
    "TokenNotSaved",
    "TokenRefreshFailed",
    "TokenRefreshed",
    "TokenState",
    "TokenStore",
    "Transport",
    "TransportError",
    "UnknownEvent",
    "UploadError",
    "UploadExpired",
    "UploadProgress",
    "UploadRejected",
    "User",
    "UserField",
    "Video",
    "VideoField",
    "VideoLength",
    "VideoPost",
    "VideoPublishCompleted",
    "VideoTag",
    "VideoTagMeaning",
    "VideoUploadFailed",
    "WebhookError",
    "WebhookEvent",
    "WebhookName",
    "WebhookReceiver",
    "WrongApp",
    "WrongEventLoop",
    "plan_chunks",
]

if not TYPE_CHECKING:  # a checker that saw this would take any misspelt name for a good one

    def __getattr__(name: str) -> object:
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        homes = [_HOMES[name]] if name in _HOMES else ["tiktok_async.errors", "tiktok_async.models"]
        for module in map(import_module, homes):
            if hasattr(module, name):
                globals()[name] = getattr(module, name)
                break
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
