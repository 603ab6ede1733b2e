"""Texts for creators about TikTok's fail reasons; other reasons are shown as TikTok writes them."""

from tiktok_async import FailReason

REASONS: dict[str, str] = {
    FailReason.FILE_FORMAT_CHECK_FAILED: "TikTok cannot read this kind of file.",
    FailReason.DURATION_CHECK_FAILED: "The video is too short or too long.",
    FailReason.FRAME_RATE_CHECK_FAILED: "The video has too few or too many frames a second.",
    FailReason.PICTURE_SIZE_CHECK_FAILED: "The picture is too small or too large.",
    FailReason.VIDEO_SIZE_CHECK_FAILED: "The file is too large.",
    FailReason.INTERNAL: "TikTok had a fault. Try again later.",
    FailReason.SPAM_RISK_TOO_MANY_POSTS: "You have posted as much as TikTok allows for today.",
    FailReason.SPAM_RISK: "TikTok took the post for spam.",
    FailReason.AUTH_REMOVED: "The access was removed while TikTok worked on the post.",
    FailReason.PUBLISH_CANCELLED: "It was cancelled.",
}
