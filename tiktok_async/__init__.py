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
    from tiktok_async.api.webhooks import (
        WebhookReceiver,
    )
    from tiktok_async.errors import (
        AccessTokenInvalid,
        AccountNotFound,
        ApiError,
        AuthorizationDenied,
        ConfigurationError,
        DecryptionError,
        EventInProgress,
        InvalidParams,
        LeaseUnavailable,
        OAuthError,
        OutcomeUnknown,
        PostingRefused,
        PublishFailed,
        PublishPending,
        QuotaExhausted,
        RateLimited,
        RateLimitWaitExceeded,
        ReauthorizationRequired,
        ScopeNotAuthorized,
        ScopeNotGranted,
        ServerError,
        SessionClosed,
        SignatureMismatch,
        SourceChanged,
        StateMismatch,
        StoreError,
        TikTokError,
        TimestampOutsideTolerance,
        TokenConflict,
        TokenNotSaved,
        TransportError,
        UploadError,
        UploadExpired,
        UploadRejected,
        WebhookError,
        WrongApp,
        WrongEventLoop,
    )
    from tiktok_async.models import (
        AccountKey,
        AuthorizationRemoved,
        AuthorizationRequest,
        ChunkPlan,
        ChunkUploaded,
        ClientToken,
        CreatorInfo,
        Endpoint,
        Event,
        FailReason,
        Limit,
        Page,
        PhotoPost,
        PortabilityDownloadReady,
        PostEvent,
        PostInboxDelivered,
        PostNoLongerPubliclyAvailable,
        PostPubliclyAvailable,
        PostPublishComplete,
        PostPublishFailed,
        PrivacyLevel,
        PublishChanged,
        PublishState,
        PublishStatus,
        PullFromUrl,
        RateLimitWaited,
        ReauthorizationNeeded,
        RefreshAttempt,
        RefreshReport,
        RemovalReason,
        RequestFinished,
        Retrying,
        RetryPolicy,
        Scope,
        Secret,
        StoreUnsafe,
        Token,
        TokenRefreshed,
        TokenRefreshFailed,
        TokenState,
        UnknownEvent,
        UploadProgress,
        User,
        UserField,
        Video,
        VideoField,
        VideoPost,
        VideoPublishCompleted,
        VideoUploadFailed,
        WebhookEvent,
        WebhookName,
    )
    from tiktok_async.session import (
        TikTokSession,
    )

# name -> module, for what is neither an error nor a model
_HOMES = {
    "Account": "tiktok_async.api.account",
    "ByteSource": "tiktok_async.abc",
    "Clock": "tiktok_async.abc",
    "LocalRateLimiter": "tiktok_async._limiter",
    "OAuth": "tiktok_async.api.oauth",
    "Pages": "tiktok_async._pages",
    "Publish": "tiktok_async._publish",
    "RateLimiter": "tiktok_async.abc",
    "Response": "tiktok_async._http",
    "TikTokSession": "tiktok_async.session",
    "TokenStore": "tiktok_async.abc",
    "Transport": "tiktok_async.abc",
    "WebhookReceiver": "tiktok_async.api.webhooks",
    "plan_chunks": "tiktok_async._chunks",
}

__all__ = [
    "AccessTokenInvalid",
    "Account",
    "AccountKey",
    "AccountNotFound",
    "ApiError",
    "AuthorizationDenied",
    "AuthorizationRemoved",
    "AuthorizationRequest",
    "ByteSource",
    "ChunkPlan",
    "ChunkUploaded",
    "ClientToken",
    "Clock",
    "ConfigurationError",
    "CreatorInfo",
    "DecryptionError",
    "Endpoint",
    "Event",
    "EventInProgress",
    "FailReason",
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
    "PortabilityDownloadReady",
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
    "QuotaExhausted",
    "RateLimitWaitExceeded",
    "RateLimitWaited",
    "RateLimited",
    "RateLimiter",
    "ReauthorizationNeeded",
    "ReauthorizationRequired",
    "RefreshAttempt",
    "RefreshReport",
    "RemovalReason",
    "RequestFinished",
    "Response",
    "RetryPolicy",
    "Retrying",
    "Scope",
    "ScopeNotAuthorized",
    "ScopeNotGranted",
    "Secret",
    "ServerError",
    "SessionClosed",
    "SignatureMismatch",
    "SourceChanged",
    "StateMismatch",
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
    "VideoPost",
    "VideoPublishCompleted",
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
