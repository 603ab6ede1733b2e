"""The asyncio SDK for TikTok's official v2 API.

Names load on first use, so that `import tiktok_async` is fast, and an extra is imported only when it is used. Each
public name is stated once, below.
"""

from tiktok_async._lazy import load_on_first_use
from tiktok_async._old_pickles import register

TYPE_CHECKING = False  # as type checkers read it; importing `typing` would take most of the time
if TYPE_CHECKING:
    __all__: list[str]
    __version__: str

register()

if TYPE_CHECKING or not load_on_first_use(__name__, "__version__"):
    from tiktok_async._limits.local import (
        LocalRateLimiter as LocalRateLimiter,
    )
    from tiktok_async.abc import (
        BulkTokenStore as BulkTokenStore,
    )
    from tiktok_async.abc import (
        ByteSource as ByteSource,
    )
    from tiktok_async.abc import (
        CheckpointStore as CheckpointStore,
    )
    from tiktok_async.abc import (
        Clock as Clock,
    )
    from tiktok_async.abc import (
        Lease as Lease,
    )
    from tiktok_async.abc import (
        LimitKey as LimitKey,
    )
    from tiktok_async.abc import (
        NoteStore as NoteStore,
    )
    from tiktok_async.abc import (
        Permit as Permit,
    )
    from tiktok_async.abc import (
        RateLimiter as RateLimiter,
    )
    from tiktok_async.abc import (
        RawResponse as RawResponse,
    )
    from tiktok_async.abc import (
        Request as Request,
    )
    from tiktok_async.abc import (
        TokenStore as TokenStore,
    )
    from tiktok_async.abc import (
        Transport as Transport,
    )
    from tiktok_async.abc import (
        UrgentTokenStore as UrgentTokenStore,
    )
    from tiktok_async.abc import (
        Usage as Usage,
    )
    from tiktok_async.api.account import (
        Account as Account,
    )
    from tiktok_async.api.oauth.oauth import (
        OAuth as OAuth,
    )
    from tiktok_async.api.oauth.qr import (
        QrLogin as QrLogin,
    )
    from tiktok_async.api.pages import (
        Pages as Pages,
    )
    from tiktok_async.api.portability.portability import (
        Archive as Archive,
    )
    from tiktok_async.api.portability.portability import (
        Portability as Portability,
    )
    from tiktok_async.api.portability.portability import (
        PortabilityRequest as PortabilityRequest,
    )
    from tiktok_async.api.posting.publish import (
        Publish as Publish,
    )
    from tiktok_async.api.posting.rules.chunks import (
        plan_chunks as plan_chunks,
    )
    from tiktok_async.api.research.research import (
        ComplianceTask as ComplianceTask,
    )
    from tiktok_async.api.research.research import (
        Research as Research,
    )
    from tiktok_async.api.webhook_receiver import (
        WebhookReceiver as WebhookReceiver,
    )
    from tiktok_async.errors import (
        AccessTokenInvalid as AccessTokenInvalid,
    )
    from tiktok_async.errors import (
        AccountNotFound as AccountNotFound,
    )
    from tiktok_async.errors import (
        ApiError as ApiError,
    )
    from tiktok_async.errors import (
        ArchiveUnavailable as ArchiveUnavailable,
    )
    from tiktok_async.errors import (
        AuthorizationDenied as AuthorizationDenied,
    )
    from tiktok_async.errors import (
        CheckpointConflict as CheckpointConflict,
    )
    from tiktok_async.errors import (
        ConfigurationError as ConfigurationError,
    )
    from tiktok_async.errors import (
        DecryptionError as DecryptionError,
    )
    from tiktok_async.errors import (
        EventInProgress as EventInProgress,
    )
    from tiktok_async.errors import (
        InvalidParams as InvalidParams,
    )
    from tiktok_async.errors import (
        LeaseUnavailable as LeaseUnavailable,
    )
    from tiktok_async.errors import (
        ListingIncomplete as ListingIncomplete,
    )
    from tiktok_async.errors import (
        OAuthError as OAuthError,
    )
    from tiktok_async.errors import (
        OutcomeUnknown as OutcomeUnknown,
    )
    from tiktok_async.errors import (
        PostingRefused as PostingRefused,
    )
    from tiktok_async.errors import (
        PublishFailed as PublishFailed,
    )
    from tiktok_async.errors import (
        PublishPending as PublishPending,
    )
    from tiktok_async.errors import (
        QuotaExhausted as QuotaExhausted,
    )
    from tiktok_async.errors import (
        RateLimited as RateLimited,
    )
    from tiktok_async.errors import (
        RateLimitWaitExceeded as RateLimitWaitExceeded,
    )
    from tiktok_async.errors import (
        ReauthorizationRequired as ReauthorizationRequired,
    )
    from tiktok_async.errors import (
        ReportRefused as ReportRefused,
    )
    from tiktok_async.errors import (
        ScopeNotAuthorized as ScopeNotAuthorized,
    )
    from tiktok_async.errors import (
        ScopeNotGranted as ScopeNotGranted,
    )
    from tiktok_async.errors import (
        ServerError as ServerError,
    )
    from tiktok_async.errors import (
        SessionClosed as SessionClosed,
    )
    from tiktok_async.errors import (
        SignatureMismatch as SignatureMismatch,
    )
    from tiktok_async.errors import (
        SourceChanged as SourceChanged,
    )
    from tiktok_async.errors import (
        StateMismatch as StateMismatch,
    )
    from tiktok_async.errors import (
        StoreError as StoreError,
    )
    from tiktok_async.errors import (
        TikTokError as TikTokError,
    )
    from tiktok_async.errors import (
        TimestampOutsideTolerance as TimestampOutsideTolerance,
    )
    from tiktok_async.errors import (
        TokenConflict as TokenConflict,
    )
    from tiktok_async.errors import (
        TokenNotSaved as TokenNotSaved,
    )
    from tiktok_async.errors import (
        TransportError as TransportError,
    )
    from tiktok_async.errors import (
        UploadError as UploadError,
    )
    from tiktok_async.errors import (
        UploadExpired as UploadExpired,
    )
    from tiktok_async.errors import (
        UploadRejected as UploadRejected,
    )
    from tiktok_async.errors import (
        WebhookError as WebhookError,
    )
    from tiktok_async.errors import (
        WrongApp as WrongApp,
    )
    from tiktok_async.errors import (
        WrongEventLoop as WrongEventLoop,
    )
    from tiktok_async.media import (
        Consent as Consent,
    )
    from tiktok_async.media import (
        ConsentLink as ConsentLink,
    )
    from tiktok_async.media import (
        DisclosureOption as DisclosureOption,
    )
    from tiktok_async.media import (
        FormProblem as FormProblem,
    )
    from tiktok_async.media import (
        Interaction as Interaction,
    )
    from tiktok_async.media import (
        MediaProblem as MediaProblem,
    )
    from tiktok_async.media import (
        MediaReport as MediaReport,
    )
    from tiktok_async.media import (
        PostChoices as PostChoices,
    )
    from tiktok_async.media import (
        PostingForm as PostingForm,
    )
    from tiktok_async.media import (
        PrivacyOption as PrivacyOption,
    )
    from tiktok_async.media import (
        VideoLink as VideoLink,
    )
    from tiktok_async.media import (
        check_media as check_media,
    )
    from tiktok_async.media import (
        oembed as oembed,
    )
    from tiktok_async.media import (
        parse_video_url as parse_video_url,
    )
    from tiktok_async.media import (
        player_url as player_url,
    )
    from tiktok_async.media import (
        posting_form as posting_form,
    )
    from tiktok_async.media import (
        video_url as video_url,
    )
    from tiktok_async.models import (
        AccountKey as AccountKey,
    )
    from tiktok_async.models import (
        AccountSync as AccountSync,
    )
    from tiktok_async.models import (
        ArchiveMember as ArchiveMember,
    )
    from tiktok_async.models import (
        AuthorizationRemoved as AuthorizationRemoved,
    )
    from tiktok_async.models import (
        AuthorizationRequest as AuthorizationRequest,
    )
    from tiktok_async.models import (
        Checkpoint as Checkpoint,
    )
    from tiktok_async.models import (
        ChunkPlan as ChunkPlan,
    )
    from tiktok_async.models import (
        ChunkUploaded as ChunkUploaded,
    )
    from tiktok_async.models import (
        ClientToken as ClientToken,
    )
    from tiktok_async.models import (
        ComplianceState as ComplianceState,
    )
    from tiktok_async.models import (
        CreatorInfo as CreatorInfo,
    )
    from tiktok_async.models import (
        DataFormat as DataFormat,
    )
    from tiktok_async.models import (
        DueAccount as DueAccount,
    )
    from tiktok_async.models import (
        EffectInfo as EffectInfo,
    )
    from tiktok_async.models import (
        Endpoint as Endpoint,
    )
    from tiktok_async.models import (
        Event as Event,
    )
    from tiktok_async.models import (
        FailReason as FailReason,
    )
    from tiktok_async.models import (
        HashtagInfo as HashtagInfo,
    )
    from tiktok_async.models import (
        Limit as Limit,
    )
    from tiktok_async.models import (
        Page as Page,
    )
    from tiktok_async.models import (
        PhotoPost as PhotoPost,
    )
    from tiktok_async.models import (
        Playlist as Playlist,
    )
    from tiktok_async.models import (
        PortabilityCategory as PortabilityCategory,
    )
    from tiktok_async.models import (
        PortabilityDownloadReady as PortabilityDownloadReady,
    )
    from tiktok_async.models import (
        PortabilityState as PortabilityState,
    )
    from tiktok_async.models import (
        PortabilityStatus as PortabilityStatus,
    )
    from tiktok_async.models import (
        PostEvent as PostEvent,
    )
    from tiktok_async.models import (
        PostInboxDelivered as PostInboxDelivered,
    )
    from tiktok_async.models import (
        PostNoLongerPubliclyAvailable as PostNoLongerPubliclyAvailable,
    )
    from tiktok_async.models import (
        PostPubliclyAvailable as PostPubliclyAvailable,
    )
    from tiktok_async.models import (
        PostPublishComplete as PostPublishComplete,
    )
    from tiktok_async.models import (
        PostPublishFailed as PostPublishFailed,
    )
    from tiktok_async.models import (
        PrivacyLevel as PrivacyLevel,
    )
    from tiktok_async.models import (
        PublishChanged as PublishChanged,
    )
    from tiktok_async.models import (
        PublishState as PublishState,
    )
    from tiktok_async.models import (
        PublishStatus as PublishStatus,
    )
    from tiktok_async.models import (
        PullFromUrl as PullFromUrl,
    )
    from tiktok_async.models import (
        QrStatus as QrStatus,
    )
    from tiktok_async.models import (
        Quota as Quota,
    )
    from tiktok_async.models import (
        RateLimitWaited as RateLimitWaited,
    )
    from tiktok_async.models import (
        ReauthorizationNeeded as ReauthorizationNeeded,
    )
    from tiktok_async.models import (
        RefreshAttempt as RefreshAttempt,
    )
    from tiktok_async.models import (
        RefreshReport as RefreshReport,
    )
    from tiktok_async.models import (
        RelatedUser as RelatedUser,
    )
    from tiktok_async.models import (
        RemovalReason as RemovalReason,
    )
    from tiktok_async.models import (
        RequestFinished as RequestFinished,
    )
    from tiktok_async.models import (
        ResearchComment as ResearchComment,
    )
    from tiktok_async.models import (
        ResearchUser as ResearchUser,
    )
    from tiktok_async.models import (
        ResearchVideo as ResearchVideo,
    )
    from tiktok_async.models import (
        Retrying as Retrying,
    )
    from tiktok_async.models import (
        RetryPolicy as RetryPolicy,
    )
    from tiktok_async.models import (
        Scope as Scope,
    )
    from tiktok_async.models import (
        Secret as Secret,
    )
    from tiktok_async.models import (
        Shop as Shop,
    )
    from tiktok_async.models import (
        ShopProduct as ShopProduct,
    )
    from tiktok_async.models import (
        ShopReview as ShopReview,
    )
    from tiktok_async.models import (
        StickerInfo as StickerInfo,
    )
    from tiktok_async.models import (
        StoreUnsafe as StoreUnsafe,
    )
    from tiktok_async.models import (
        SubscriptionEvent as SubscriptionEvent,
    )
    from tiktok_async.models import (
        SyncState as SyncState,
    )
    from tiktok_async.models import (
        Token as Token,
    )
    from tiktok_async.models import (
        TokenRefreshed as TokenRefreshed,
    )
    from tiktok_async.models import (
        TokenRefreshFailed as TokenRefreshFailed,
    )
    from tiktok_async.models import (
        TokenState as TokenState,
    )
    from tiktok_async.models import (
        TradeOrderEvent as TradeOrderEvent,
    )
    from tiktok_async.models import (
        TradeOrderPaid as TradeOrderPaid,
    )
    from tiktok_async.models import (
        TradeOrderRecovered as TradeOrderRecovered,
    )
    from tiktok_async.models import (
        TradeOrderRefunded as TradeOrderRefunded,
    )
    from tiktok_async.models import (
        TradeOrderRefundFailed as TradeOrderRefundFailed,
    )
    from tiktok_async.models import (
        UnknownEvent as UnknownEvent,
    )
    from tiktok_async.models import (
        UploadProgress as UploadProgress,
    )
    from tiktok_async.models import (
        User as User,
    )
    from tiktok_async.models import (
        UserField as UserField,
    )
    from tiktok_async.models import (
        Video as Video,
    )
    from tiktok_async.models import (
        VideoField as VideoField,
    )
    from tiktok_async.models import (
        VideoLength as VideoLength,
    )
    from tiktok_async.models import (
        VideoPost as VideoPost,
    )
    from tiktok_async.models import (
        VideoPublishCompleted as VideoPublishCompleted,
    )
    from tiktok_async.models import (
        VideoTag as VideoTag,
    )
    from tiktok_async.models import (
        VideoTagMeaning as VideoTagMeaning,
    )
    from tiktok_async.models import (
        VideoUploadFailed as VideoUploadFailed,
    )
    from tiktok_async.models import (
        WebhookEvent as WebhookEvent,
    )
    from tiktok_async.models import (
        WebhookName as WebhookName,
    )
    from tiktok_async.models._http import (
        Response as Response,
    )
    from tiktok_async.query import (
        Condition as Condition,
    )
    from tiktok_async.query import (
        F as F,
    )
    from tiktok_async.query import (
        Query as Query,
    )
    from tiktok_async.session import (
        SessionOptions as SessionOptions,
    )
    from tiktok_async.session import (
        TikTokSession as TikTokSession,
    )
    from tiktok_async.sync import (
        SyncPage as SyncPage,
    )
    from tiktok_async.sync import (
        SyncResult as SyncResult,
    )
    from tiktok_async.sync import (
        due_accounts as due_accounts,
    )
    from tiktok_async.sync import (
        refresh_covers as refresh_covers,
    )
    from tiktok_async.sync import (
        sync_account as sync_account,
    )
    from tiktok_async.sync import (
        sync_videos as sync_videos,
    )
