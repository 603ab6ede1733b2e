"""Videos, users, comments, playlists and shops in the Research API.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import frozen

from tiktok_async.models._json import JsonModel
from tiktok_async.models._wire import WireModel, identifier


@frozen(kw_only=True)
class Shop(WireModel):
    """A shop.

    Attributes:
        shop_id: The shop; always requested.
        shop_name: Its name.
        shop_rating: Its rating in TikTok's form, such as `4.5`.
        shop_review_count: Reviews.
        item_sold_count: Items sold.
        shop_performance_value: TikTok's measure of its performance.
    """

    shop_id: str | None = identifier(default=None)
    shop_name: str | None = None
    shop_rating: str | None = None
    shop_review_count: int | None = None
    item_sold_count: int | None = None
    shop_performance_value: int | None = None


@frozen(kw_only=True)
class ShopProduct(WireModel):
    """A product of a shop.

    Attributes:
        product_id: The product; always requested.
        product_name: Its name.
        product_description: The shop's description of it.
        product_price: Prices with their currency, such as `20.79GBP`.
        product_sold_count: The number of sold items.
        product_review_count: Reviews.
        product_rating: Its rating in TikTok's form.
        product_rating_1_count: Reviews with one star.
        product_rating_2_count: Reviews with two stars.
        product_rating_3_count: Reviews with three stars.
        product_rating_4_count: Reviews with four stars.
        product_rating_5_count: Reviews with five stars.
        shop_name: The shop's name.
    """

    product_id: str | None = identifier(default=None)
    product_name: str | None = None
    product_description: str | None = None
    product_price: tuple[str, ...] = ()
    product_sold_count: int | None = None
    product_review_count: int | None = None
    product_rating: str | None = None
    product_rating_1_count: int | None = None
    product_rating_2_count: int | None = None
    product_rating_3_count: int | None = None
    product_rating_4_count: int | None = None
    product_rating_5_count: int | None = None
    shop_name: str | None = None


@frozen(kw_only=True)
class ShopReview(WireModel):
    """A review of a product.

    Attributes:
        product_name: The product's name.
        review_text: Its text.
        review_like_count: Likes.
        review_rating: The number of stars as a word, such as `FIVE`.
        create_time: The time at which it was written (UTC).
        display_name: The masked name of its author.
    """

    product_name: str | None = None
    review_text: str | None = None
    review_like_count: int | None = None
    review_rating: str | None = None
    create_time: datetime | None = None
    display_name: str | None = None


class VideoLength(StrEnum):
    """The length of a video, by the names for a query."""

    SHORT = "SHORT"
    """Less than 15 seconds."""
    MID = "MID"
    """15 to 60 seconds."""
    LONG = "LONG"
    """1 to 5 minutes."""
    EXTRA_LONG = "EXTRA_LONG"
    """More than 5 minutes."""


class VideoTagMeaning(StrEnum):
    """The meaning of a `VideoTag`."""

    CREATOR_LABELLED_AIGC = "creator_labelled_aigc"
    AI_GENERATED = "ai_generated"
    PAID_PARTNERSHIP = "paid_partnership"
    COMMISSION = "commission"


# The video query and the pages of liked, pinned and reposted videos number the two AIGC tags in opposite ways.
# https://developers.tiktok.com/doc/research-api-specs-query-user-liked-videos
_MEANINGS = {
    ("AIGC", 1): VideoTagMeaning.CREATOR_LABELLED_AIGC,
    ("AIGC", 2): VideoTagMeaning.AI_GENERATED,
    ("Branded", 1): VideoTagMeaning.PAID_PARTNERSHIP,
    ("Branded", 7): VideoTagMeaning.COMMISSION,
}
_SIBLING_MEANINGS = {
    **_MEANINGS,
    ("AIGC", 1): VideoTagMeaning.AI_GENERATED,
    ("AIGC", 2): VideoTagMeaning.CREATOR_LABELLED_AIGC,
}


@frozen(kw_only=True)
class VideoTag(WireModel):
    """A tag for AI-generated or branded content, under the keys of the endpoint that sent it.

    Attributes:
        type: `AIGC` or `Branded`, from the video query.
        number: Its number.
        video_tag_type: The same, from liked, pinned and reposted videos, which number the AIGC tags the other way.
        video_tag_number: Its number there.
    """

    type: str | None = None
    number: int | None = None
    video_tag_type: str | None = None
    video_tag_number: int | None = None

    @property
    def meaning(self) -> VideoTagMeaning | None:
        """The meaning of the tag from any endpoint; `None` if TikTok does not document it."""
        if self.video_tag_type is not None:
            return _SIBLING_MEANINGS.get((self.video_tag_type, self.video_tag_number or 0))
        return _MEANINGS.get((self.type or "", self.number or 0))


@frozen(kw_only=True)
class HashtagInfo(WireModel):
    """A hashtag of a video.

    Attributes:
        hashtag_id: The hashtag.
        hashtag_name: Its name, without `#`.
        hashtag_description: TikTok's description of it.
    """

    hashtag_id: str | None = identifier(default=None)
    hashtag_name: str | None = None
    hashtag_description: str | None = None


@frozen(kw_only=True)
class StickerInfo(WireModel):
    """A sticker of a video.

    Attributes:
        sticker_id: The sticker.
        sticker_name: Its name.
    """

    sticker_id: str | None = identifier(default=None)
    sticker_name: str | None = None


@frozen(kw_only=True)
class EffectInfo(WireModel):
    """An effect of a video.

    Attributes:
        effect_id: The effect.
        effect_name: Its name.
        effect_photo_url: A picture of it.
    """

    effect_id: str | None = identifier(default=None)
    effect_name: str | None = None
    effect_photo_url: str | None = None


@frozen(kw_only=True)
class ResearchVideo(WireModel):
    """A public video as researchers see it. A field that was not requested, or does not exist, is `None` or empty.

    Attributes:
        id: The video; always requested.
        create_time: When it was posted (UTC).
        username: The handle of its creator.
        region_code: The region in which that account was registered.
        video_description: The caption; real ones may hold NUL characters.
        voice_to_text: The words spoken in it.
        music_id: Its music.
        playlist_id: The playlist it is in.
        like_count: Likes; all counts may be ten days old.
        comment_count: Comments.
        share_count: Shares.
        view_count: Views.
        favorites_count: The number of users who saved it as a favourite.
        video_duration: Its length; TikTok counts whole seconds.
        effect_ids: The effects in it.
        hashtag_names: Its hashtags, without `#`.
        video_mention_list: The users mentioned in it.
        hashtag_info_list: Its hashtags with their ids.
        sticker_info_list: Its stickers.
        effect_info_list: Its effects with their names.
        video_label: A label on it, in TikTok's form, which is not documented.
        is_stem_verified: Whether TikTok verified it as STEM content.
        video_tag: Whether it is AI-generated or paid for.
    """

    id: str = identifier()
    create_time: datetime | None = None
    username: str | None = None
    region_code: str | None = None
    video_description: str | None = None
    voice_to_text: str | None = None
    music_id: str | None = identifier(default=None)
    playlist_id: str | None = identifier(default=None)
    like_count: int | None = None
    comment_count: int | None = None
    share_count: int | None = None
    view_count: int | None = None
    favorites_count: int | None = None
    video_duration: timedelta | None = None
    effect_ids: tuple[str, ...] = identifier(default=())
    hashtag_names: tuple[str, ...] = ()
    video_mention_list: tuple[str, ...] = ()
    hashtag_info_list: tuple[HashtagInfo, ...] = ()
    sticker_info_list: tuple[StickerInfo, ...] = ()
    effect_info_list: tuple[EffectInfo, ...] = ()
    video_label: Any = None
    is_stem_verified: bool | None = None
    video_tag: VideoTag | None = None


@frozen(kw_only=True)
class ResearchUser(WireModel):
    """A public profile as researchers see it.

    Attributes:
        username: The handle, if TikTok repeats it.
        display_name: The displayed name.
        bio_description: The user's own description.
        avatar_url: The picture.
        is_verified: Whether TikTok has verified the account.
        follower_count: The number of followers.
        following_count: The number of followed users.
        likes_count: Likes of all the user's videos.
        video_count: Public videos.
        bio_url: The link in the profile.
    """

    username: str | None = None
    display_name: str | None = None
    bio_description: str | None = None
    avatar_url: str | None = None
    is_verified: bool | None = None
    follower_count: int | None = None
    following_count: int | None = None
    likes_count: int | None = None
    video_count: int | None = None
    bio_url: str | None = None


@frozen(kw_only=True)
class RelatedUser(WireModel):
    """A user who follows, or is followed.

    Attributes:
        username: The handle.
        display_name: The displayed name.
    """

    username: str | None = None
    display_name: str | None = None


@frozen(kw_only=True)
class ResearchComment(WireModel):
    """A public comment or a reply to one; TikTok masks personal data in its text with `*`.

    Attributes:
        id: The comment; always requested.
        video_id: Its video.
        text: Its text.
        like_count: Likes.
        reply_count: Replies.
        parent_comment_id: The comment that it answers; the video if it answers none.
        create_time: The time at which it was written (UTC).
        display_name: The name of its author.
    """

    id: str = identifier()
    video_id: str | None = identifier(default=None)
    text: str | None = None
    like_count: int | None = None
    reply_count: int | None = None
    parent_comment_id: str | None = identifier(default=None)
    create_time: datetime | None = None
    display_name: str | None = None

    @property
    def is_reply(self) -> bool:
        """Whether it answers another comment."""
        return self.parent_comment_id not in (None, self.video_id)


@frozen(kw_only=True)
class Playlist(WireModel):
    """A playlist.

    Attributes:
        playlist_id: The playlist.
        playlist_name: Its name.
        playlist_item_total: The number of its videos by TikTok's count.
        playlist_last_updated: The time of its last change (UTC).
        playlist_video_ids: Its videos, in order.
    """

    playlist_id: str | None = identifier(default=None)
    playlist_name: str | None = None
    playlist_item_total: int | None = None
    playlist_last_updated: datetime | None = None
    playlist_video_ids: tuple[str, ...] = identifier(default=())


class ComplianceState(StrEnum):
    """The state of a compliance task, by TikTok's names."""

    COMPLETED = "Completed"
    PROCESSING = "Processing"
    FAILED = "Failed"


@frozen(slots=True, kw_only=True)
class Quota(JsonModel):
    """How much of a daily quota this library has used.

    Attributes:
        used: Requests since midnight UTC, including failed ones; of this process, or of all that share the limiter.
        limit: The most requests a day.
        resets_at: The time at which the count starts again at zero (UTC).
    """

    used: int
    limit: int
    resets_at: datetime

    @property
    def remaining(self) -> int:
        """The number of requests that are left."""
        return max(0, self.limit - self.used)
