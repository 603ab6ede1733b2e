"""The events that TikTok sends by webhook.

Sources: https://developers.tiktok.com/doc/webhooks-events, for posts
https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status, and for mini games
https://developers.tiktok.com/doc/tiktok-minis-in-app-purchases
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, ClassVar

from attrs import field, frozen

from tiktok_async.models._json import JsonModel
from tiktok_async.models._posting import FailReason


class WebhookName(StrEnum):
    """The name of an event, by TikTok's names."""

    AUTHORIZATION_REMOVED = "authorization.removed"
    VIDEO_UPLOAD_FAILED = "video.upload.failed"
    VIDEO_PUBLISH_COMPLETED = "video.publish.completed"
    PORTABILITY_DOWNLOAD_READY = "portability.download.ready"
    POST_PUBLISH_FAILED = "post.publish.failed"
    POST_PUBLISH_COMPLETE = "post.publish.complete"
    POST_INBOX_DELIVERED = "post.publish.inbox_delivered"
    POST_PUBLICLY_AVAILABLE = "post.publish.publicly_available"
    POST_NO_LONGER_PUBLICLY_AVAILABLE = "post.publish.no_longer_publicaly_available"
    """TikTok's documents spell it so; the correct spelling is accepted as well."""
    TRADE_ORDER_PAID = "minis.trade_order.redeem.success"
    TRADE_ORDER_REFUNDED = "minis.trade_order.redeem.refund_success"
    TRADE_ORDER_REFUND_FAILED = "minis.trade_order.redeem.refund_fail"
    TRADE_ORDER_RECOVERED = "minis.trade_order.redeem.refund_traceback"
    SUBSCRIPTION_CREATED = "minis.subscription.create"
    SUBSCRIPTION_RENEWED = "minis.subscription.renew"
    SUBSCRIPTION_REACTIVATED = "minis.subscription.reactivate"
    SUBSCRIPTION_ON_HOLD = "minis.subscription.onhold"
    SUBSCRIPTION_EXPIRED = "minis.subscription.expire"
    SUBSCRIPTION_CANCELLED = "minis.subscription.cancel"
    """Not in TikTok's documents; other programs receive it."""


class RemovalReason(IntEnum):
    """The reason why a grant ended; a number that TikTok adds later stays a plain `int`."""

    UNKNOWN = 0
    USER_DISCONNECTED = 1
    ACCOUNT_DELETED = 2
    AGE_CHANGED = 3
    ACCOUNT_BANNED = 4
    DEVELOPER_REVOKED = 5


@frozen(slots=True, kw_only=True)
class WebhookEvent(JsonModel):
    """The base of every event from TikTok; `WebhookReceiver.parse` returns the right subclass.

    Attributes:
        name: TikTok's name of it, as it was sent.
        client_key: The app to which it was sent.
        create_time: The time of the event (UTC, whole seconds).
        open_id: Its account; `None` if TikTok does not say.
        content: Its content, decoded; empty if it was not a JSON object.
        raw: The whole JSON object as it was sent; not part of equality.
    """

    _sent_names: ClassVar = frozenset({"event", "user_openid"})

    name: str
    client_key: str
    create_time: datetime
    open_id: str | None = None
    content: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)

    @property
    def dedup_key(self) -> str:
        """The id of this event: 64 hex digits, the same for every delivery of it, in every process.

        TikTok delivers at least once and gives its events no id. Two deliveries are the same event if they have
        the same content, user and second, with any signatures.
        """
        told = [self.client_key, self.name, int(self.create_time.timestamp()), self.open_id, self.content]
        text = json.dumps(told, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@frozen(slots=True, kw_only=True)
class AuthorizationRemoved(WebhookEvent):
    """A user's grant ended; its tokens are already invalid.

    Attributes:
        reason: The reason.
    """

    reason: RemovalReason | int


@frozen(slots=True, kw_only=True)
class VideoUploadFailed(WebhookEvent):
    """A video shared by Video Kit did not arrive.

    Attributes:
        share_id: The share; `None` if TikTok names a post instead.
        publish_id: The post, where TikTok sends this of Content Posting, as one of its pages has it.
    """

    share_id: str | None = None
    publish_id: str | None = None


@frozen(slots=True, kw_only=True)
class VideoPublishCompleted(WebhookEvent):
    """A video shared by Video Kit was published.

    Attributes:
        share_id: The share; `None` if TikTok names a post instead.
        publish_id: The post, where TikTok sends this of Content Posting, as one of its pages has it.
    """

    share_id: str | None = None
    publish_id: str | None = None


@frozen(slots=True, kw_only=True)
class PortabilityDownloadReady(WebhookEvent):
    """An archive of a user's data can be downloaded.

    Attributes:
        request_id: The request for it.
    """

    request_id: str


@frozen(slots=True, kw_only=True)
class PostEvent(WebhookEvent):
    """The base of events about posts.

    Attributes:
        publish_id: The post.
        publish_type: `INBOX_SHARE` for drafts; TikTok does not document the name for direct posts.
    """

    publish_id: str
    publish_type: str | None = None


@frozen(slots=True, kw_only=True)
class PostPublishFailed(PostEvent):
    """A post will not be published.

    Attributes:
        reason: The reason; `None` if TikTok does not say.
    """

    reason: FailReason | str | None = None


@frozen(slots=True, kw_only=True)
class PostPublishComplete(PostEvent):
    """A post was published, or its creator posted a draft; a draft posted twice sends it twice."""


@frozen(slots=True, kw_only=True)
class PostInboxDelivered(PostEvent):
    """A draft is in its creator's inbox."""


@frozen(slots=True, kw_only=True)
class PostPubliclyAvailable(PostEvent):
    """A post can be seen by everybody.

    Attributes:
        post_id: The video's id.
    """

    post_id: str


@frozen(slots=True, kw_only=True)
class PostNoLongerPubliclyAvailable(PostEvent):
    """A post can no longer be seen by everybody.

    Attributes:
        post_id: The video's id.
    """

    post_id: str


@frozen(slots=True, kw_only=True)
class TradeOrderEvent(WebhookEvent):
    """The base of what is told of an order in a mini game or mini app.

    `open_id` is `None` in TikTok's samples: the order says whose it is, by what was written down when it was created.

    Attributes:
        trade_order_id: TikTok's id of the order, by which each order is delivered once.
        order_id: The app's own id of it.
        is_sandbox: Whether no money was paid; `None` if TikTok does not say.
    """

    trade_order_id: str
    order_id: str | None = None
    is_sandbox: bool | None = None


@frozen(slots=True, kw_only=True)
class TradeOrderPaid(TradeOrderEvent):
    """An order was paid. Goods are delivered on this event only, never on what the client says."""


@frozen(slots=True, kw_only=True)
class TradeOrderRefunded(TradeOrderEvent):
    """An order was refunded.

    Attributes:
        refund_amount: How much, in Beans; `None` if TikTok does not say.
    """

    refund_amount: int | None = None


@frozen(slots=True, kw_only=True)
class TradeOrderRefundFailed(TradeOrderEvent):
    """An order was not refunded."""


@frozen(slots=True, kw_only=True)
class TradeOrderRecovered(TradeOrderEvent):
    """The user asked the app store for a refund, and a part of the order's amount was recovered.

    Attributes:
        refund_amount: How much was recovered, in Beans; `None` if TikTok does not say.
    """

    refund_amount: int | None = None


@frozen(slots=True, kw_only=True)
class SubscriptionEvent(WebhookEvent):
    """A subscription in a mini app began, went on, stopped or ended; `name` says which.

    TikTok does not document what these events say. What is read here is there if it was sent; everything is in
    `content`.

    Attributes:
        trade_order_id: TikTok's id of the order.
        order_id: The app's own id of it.
        is_sandbox: Whether no money was paid.
    """

    trade_order_id: str | None = None
    order_id: str | None = None
    is_sandbox: bool | None = None


@frozen(slots=True, kw_only=True)
class UnknownEvent(WebhookEvent):
    """An event that this library does not know, or whose content is not as documented; its whole content is kept."""
