"""Videos in the format of the Research API: ids are numbers, and empty values are left out.

Fields: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from typing import Any, Final

from tiktok_async.emulator.research.data import TAGS, Video

_NAMES: Final = (
    "id video_description create_time region_code share_count view_count like_count comment_count music_id "
    "hashtag_names username effect_ids playlist_id voice_to_text is_stem_verified favorites_count video_duration "
    "hashtag_info_list sticker_info_list effect_info_list video_mention_list video_label video_tag"
)
VIDEO_FIELDS: Final = tuple(_NAMES.split())


def public_fields(video: Video, *, sibling: bool = False) -> dict[str, Any]:
    """Return a video with every field that it has.

    Args:
        video: The video.
        sibling: Use the keys of the liked, pinned and reposted pages, which have other names for the tag's parts.
    """
    wire: dict[str, Any] = {
        "id": video.id,
        "video_description": video.description,
        "create_time": video.create_time,
        "region_code": video.region_code,
        "share_count": video.share_count,
        "view_count": video.view_count,
        "like_count": video.like_count,
        "comment_count": video.comment_count,
        "music_id": video.music_id,
        "hashtag_names": list(video.hashtag_names),
        "username": video.username,
        "effect_ids": list(video.effect_ids),
        "playlist_id": video.playlist_id,
        "voice_to_text": video.voice_to_text,
        "is_stem_verified": video.is_stem_verified or None,
        "favorites_count": video.favorites_count,
        "video_duration": video.duration,
        "hashtag_info_list": [
            {"hashtag_id": str(1_000 + TAGS.index(tag)), "hashtag_description": f"about {tag}"}
            for tag in video.hashtag_names
        ],
        "sticker_info_list": [{"sticker_id": "77", "sticker_name": "star"}] if video.is_stem_verified else [],
        "effect_info_list": [
            {
                "effect_id": effect,
                "effect_name": f"effect {effect}",
                "effect_photo_URI" if sibling else "effect_photo_url": f"https://cdn.example/effect/{effect}",
            }
            for effect in video.effect_ids
        ],
        "video_mention_list": list(video.mentions),
        "video_label": {"content": video.label} if video.label else None,
        "video_tag": _tag(video, sibling=sibling),
    }
    return {name: value for name, value in wire.items() if value is not None and value != []}


def _tag(video: Video, *, sibling: bool) -> dict[str, Any] | None:
    if video.tag is None:
        return None
    kind, number = video.tag
    if not sibling:
        return {"type": kind, "number": number}
    # The sibling pages have the two AIGC numbers swapped.
    return {"video_tag_type": kind, "video_tag_number": 3 - number if kind == "AIGC" else number}
