"""The default content of the emulator's webhooks, by event.

Sources: https://developers.tiktok.com/doc/webhooks-events and
https://developers.tiktok.com/doc/tiktok-minis-in-app-purchases
"""

from collections.abc import Mapping
from typing import Any

from tiktok_async.models import WebhookName

_SHARE = {"share_id": "video.7000000000000000001.emulated"}
_POST = {"publish_id": "v_pub_file~v2-1.7000000000000000001", "publish_type": "DIRECT_POST"}
_PUBLIC = {**_POST, "post_id": 7000000000000000001}
_ORDER = {"trade_order_id": "TOID7000000001", "order_id": "order-1", "is_sandbox": True}
_REFUND = {**_ORDER, "refund_amount": 80}

SAMPLES: Mapping[str, Mapping[str, Any]] = {
    WebhookName.AUTHORIZATION_REMOVED.value: {"reason": 1},
    WebhookName.VIDEO_UPLOAD_FAILED.value: _SHARE,
    WebhookName.VIDEO_PUBLISH_COMPLETED.value: _SHARE,
    WebhookName.PORTABILITY_DOWNLOAD_READY.value: {"request_id": 7000000000000000001},
    WebhookName.POST_PUBLISH_FAILED.value: {**_POST, "reason": "internal"},
    WebhookName.POST_PUBLISH_COMPLETE.value: _POST,
    WebhookName.POST_INBOX_DELIVERED.value: {**_POST, "publish_type": "INBOX_SHARE"},
    WebhookName.POST_PUBLICLY_AVAILABLE.value: _PUBLIC,
    WebhookName.POST_NO_LONGER_PUBLICLY_AVAILABLE.value: _PUBLIC,
    WebhookName.TRADE_ORDER_PAID.value: _ORDER,
    WebhookName.TRADE_ORDER_REFUNDED.value: _REFUND,
    WebhookName.TRADE_ORDER_REFUND_FAILED.value: _ORDER,
    WebhookName.TRADE_ORDER_RECOVERED.value: _REFUND,
    WebhookName.SUBSCRIPTION_CREATED.value: _ORDER,
    WebhookName.SUBSCRIPTION_RENEWED.value: _ORDER,
    WebhookName.SUBSCRIPTION_REACTIVATED.value: _ORDER,
    WebhookName.SUBSCRIPTION_ON_HOLD.value: _ORDER,
    WebhookName.SUBSCRIPTION_EXPIRED.value: _ORDER,
    WebhookName.SUBSCRIPTION_CANCELLED.value: _ORDER,
}


def is_of_minis(event: str) -> bool:
    """Return whether an event is one of mini games and mini apps; their samples name no user."""
    return event.startswith("minis.")
