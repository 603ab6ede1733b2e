"""The words of the API: frozen values, enums and events, shared by every floor above."""

from tiktok_async.models._auth import AuthorizationRequest
from tiktok_async.models._endpoint import Endpoint, Limit, WindowKind
from tiktok_async.models._events import (
    ChunkUploaded,
    Event,
    PublishChanged,
    RateLimitWaited,
    ReauthorizationNeeded,
    RequestFinished,
    Retrying,
    StoreUnsafe,
    TokenRefreshed,
    TokenRefreshFailed,
)
from tiktok_async.models._page import Page
from tiktok_async.models._posting import (
    CreatorInfo,
    PhotoPost,
    PrivacyLevel,
    PullFromUrl,
    VideoPost,
)
from tiktok_async.models._publish import (
    ChunkPlan,
    FailReason,
    PublishState,
    PublishStatus,
    UploadProgress,
)
from tiktok_async.models._reports import RefreshReport
from tiktok_async.models._retry import RetryPolicy
from tiktok_async.models._scope import Scope
from tiktok_async.models._secret import Secret
from tiktok_async.models._token import (
    AccountKey,
    ClientToken,
    RefreshAttempt,
    Token,
    TokenState,
    fingerprint,
)
from tiktok_async.models._user import USER_FIELD_SCOPES, User, UserField
from tiktok_async.models._video import Video, VideoField
from tiktok_async.models._webhooks import (
    AuthorizationRemoved,
    PortabilityDownloadReady,
    PostEvent,
    PostInboxDelivered,
    PostNoLongerPubliclyAvailable,
    PostPubliclyAvailable,
    PostPublishComplete,
    PostPublishFailed,
    RemovalReason,
    UnknownEvent,
    VideoPublishCompleted,
    VideoUploadFailed,
    WebhookEvent,
    WebhookName,
)

__all__ = [
    "USER_FIELD_SCOPES",
    "AccountKey",
    "AuthorizationRemoved",
    "AuthorizationRequest",
    "ChunkPlan",
    "ChunkUploaded",
    "ClientToken",
    "CreatorInfo",
    "Endpoint",
    "Event",
    "FailReason",
    "Limit",
    "Page",
    "PhotoPost",
    "PortabilityDownloadReady",
    "PostEvent",
    "PostInboxDelivered",
    "PostNoLongerPubliclyAvailable",
    "PostPubliclyAvailable",
    "PostPublishComplete",
    "PostPublishFailed",
    "PrivacyLevel",
    "PublishChanged",
    "PublishState",
    "PublishStatus",
    "PullFromUrl",
    "RateLimitWaited",
    "ReauthorizationNeeded",
    "RefreshAttempt",
    "RefreshReport",
    "RemovalReason",
    "RequestFinished",
    "RetryPolicy",
    "Retrying",
    "Scope",
    "Secret",
    "StoreUnsafe",
    "Token",
    "TokenRefreshFailed",
    "TokenRefreshed",
    "TokenState",
    "UnknownEvent",
    "UploadProgress",
    "User",
    "UserField",
    "Video",
    "VideoField",
    "VideoPost",
    "VideoPublishCompleted",
    "VideoUploadFailed",
    "WebhookEvent",
    "WebhookName",
    "WindowKind",
    "fingerprint",
]
