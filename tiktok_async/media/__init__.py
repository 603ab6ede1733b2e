"""Media checks before an upload, the posting page as data, and links to posts."""

from tiktok_async.media._check import check_media
from tiktok_async.media._oembed import oembed
from tiktok_async.media.rules.form import (
    Consent,
    ConsentLink,
    DisclosureOption,
    FormProblem,
    Interaction,
    PostChoices,
    PostingForm,
    PrivacyOption,
    posting_form,
)
from tiktok_async.media.rules.links import VideoLink, parse_video_url, player_url, video_url
from tiktok_async.media.rules.report import MediaProblem, MediaReport, ffmpeg_command

__all__ = [
    "Consent",
    "ConsentLink",
    "DisclosureOption",
    "FormProblem",
    "Interaction",
    "MediaProblem",
    "MediaReport",
    "PostChoices",
    "PostingForm",
    "PrivacyOption",
    "VideoLink",
    "check_media",
    "ffmpeg_command",
    "oembed",
    "parse_video_url",
    "player_url",
    "posting_form",
    "video_url",
]
