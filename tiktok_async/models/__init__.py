"""The models of the API: frozen values, enums and events, used by all other folders.

Names load on first use, like those of the package itself, so that a program loads only the models that it uses.
"""

from typing import TYPE_CHECKING

from tiktok_async._lazy import load_on_first_use

if TYPE_CHECKING:
    __all__: list[str]

if TYPE_CHECKING or not load_on_first_use(__name__):
    from tiktok_async.models._calls import Endpoint as Endpoint
    from tiktok_async.models._calls import Limit as Limit
    from tiktok_async.models._calls import Page as Page
    from tiktok_async.models._calls import RetryPolicy as RetryPolicy
    from tiktok_async.models._calls import WindowKind as WindowKind
    from tiktok_async.models._display import USER_FIELD_SCOPES as USER_FIELD_SCOPES
    from tiktok_async.models._display import User as User
    from tiktok_async.models._display import UserField as UserField
    from tiktok_async.models._display import Video as Video
    from tiktok_async.models._display import VideoField as VideoField
    from tiktok_async.models._events import ChunkUploaded as ChunkUploaded
    from tiktok_async.models._events import Event as Event
    from tiktok_async.models._events import PublishChanged as PublishChanged
    from tiktok_async.models._events import RateLimitWaited as RateLimitWaited
    from tiktok_async.models._events import ReauthorizationNeeded as ReauthorizationNeeded
    from tiktok_async.models._events import RefreshReport as RefreshReport
    from tiktok_async.models._events import RequestFinished as RequestFinished
    from tiktok_async.models._events import Retrying as Retrying
    from tiktok_async.models._events import StoreUnsafe as StoreUnsafe
    from tiktok_async.models._events import TokenRefreshed as TokenRefreshed
    from tiktok_async.models._events import TokenRefreshFailed as TokenRefreshFailed
    from tiktok_async.models._oauth import AuthorizationRequest as AuthorizationRequest
    from tiktok_async.models._oauth import QrStatus as QrStatus
    from tiktok_async.models._oauth import Scope as Scope
    from tiktok_async.models._portability import ArchiveMember as ArchiveMember
    from tiktok_async.models._portability import DataFormat as DataFormat
    from tiktok_async.models._portability import PortabilityCategory as PortabilityCategory
    from tiktok_async.models._portability import PortabilityState as PortabilityState
    from tiktok_async.models._portability import PortabilityStatus as PortabilityStatus
    from tiktok_async.models._posting import ChunkPlan as ChunkPlan
    from tiktok_async.models._posting import CreatorInfo as CreatorInfo
    from tiktok_async.models._posting import FailReason as FailReason
    from tiktok_async.models._posting import PhotoPost as PhotoPost
    from tiktok_async.models._posting import PrivacyLevel as PrivacyLevel
    from tiktok_async.models._posting import PublishState as PublishState
    from tiktok_async.models._posting import PublishStatus as PublishStatus
    from tiktok_async.models._posting import PullFromUrl as PullFromUrl
    from tiktok_async.models._posting import UploadProgress as UploadProgress
    from tiktok_async.models._posting import VideoPost as VideoPost
    from tiktok_async.models._research import ComplianceState as ComplianceState
    from tiktok_async.models._research import EffectInfo as EffectInfo
    from tiktok_async.models._research import HashtagInfo as HashtagInfo
    from tiktok_async.models._research import Playlist as Playlist
    from tiktok_async.models._research import Quota as Quota
    from tiktok_async.models._research import RelatedUser as RelatedUser
    from tiktok_async.models._research import ResearchComment as ResearchComment
    from tiktok_async.models._research import ResearchUser as ResearchUser
    from tiktok_async.models._research import ResearchVideo as ResearchVideo
    from tiktok_async.models._research import Shop as Shop
    from tiktok_async.models._research import ShopProduct as ShopProduct
    from tiktok_async.models._research import ShopReview as ShopReview
    from tiktok_async.models._research import StickerInfo as StickerInfo
    from tiktok_async.models._research import VideoLength as VideoLength
    from tiktok_async.models._research import VideoTag as VideoTag
    from tiktok_async.models._research import VideoTagMeaning as VideoTagMeaning
    from tiktok_async.models._sync import AccountSync as AccountSync
    from tiktok_async.models._sync import Checkpoint as Checkpoint
    from tiktok_async.models._sync import DueAccount as DueAccount
    from tiktok_async.models._sync import SyncState as SyncState
    from tiktok_async.models._tokens import AccountKey as AccountKey
    from tiktok_async.models._tokens import ClientToken as ClientToken
    from tiktok_async.models._tokens import RefreshAttempt as RefreshAttempt
    from tiktok_async.models._tokens import Secret as Secret
    from tiktok_async.models._tokens import Token as Token
    from tiktok_async.models._tokens import TokenState as TokenState
    from tiktok_async.models._tokens import fingerprint as fingerprint
    from tiktok_async.models._webhooks import AuthorizationRemoved as AuthorizationRemoved
    from tiktok_async.models._webhooks import PortabilityDownloadReady as PortabilityDownloadReady
    from tiktok_async.models._webhooks import PostEvent as PostEvent
    from tiktok_async.models._webhooks import PostInboxDelivered as PostInboxDelivered
    from tiktok_async.models._webhooks import PostNoLongerPubliclyAvailable as PostNoLongerPubliclyAvailable
    from tiktok_async.models._webhooks import PostPubliclyAvailable as PostPubliclyAvailable
    from tiktok_async.models._webhooks import PostPublishComplete as PostPublishComplete
    from tiktok_async.models._webhooks import PostPublishFailed as PostPublishFailed
    from tiktok_async.models._webhooks import RemovalReason as RemovalReason
    from tiktok_async.models._webhooks import SubscriptionEvent as SubscriptionEvent
    from tiktok_async.models._webhooks import TradeOrderEvent as TradeOrderEvent
    from tiktok_async.models._webhooks import TradeOrderPaid as TradeOrderPaid
    from tiktok_async.models._webhooks import TradeOrderRecovered as TradeOrderRecovered
    from tiktok_async.models._webhooks import TradeOrderRefunded as TradeOrderRefunded
    from tiktok_async.models._webhooks import TradeOrderRefundFailed as TradeOrderRefundFailed
    from tiktok_async.models._webhooks import UnknownEvent as UnknownEvent
    from tiktok_async.models._webhooks import VideoPublishCompleted as VideoPublishCompleted
    from tiktok_async.models._webhooks import VideoUploadFailed as VideoUploadFailed
    from tiktok_async.models._webhooks import WebhookEvent as WebhookEvent
    from tiktok_async.models._webhooks import WebhookName as WebhookName
