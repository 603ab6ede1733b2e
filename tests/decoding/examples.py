"""One answer of each endpoint with every documented field in it, and the shapes that TikTok's pages disagree about."""

from collections.abc import Awaitable, Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

from attrs import frozen

from tiktok_async import (
    Account,
    Endpoint,
    PhotoPost,
    PrivacyLevel,
    PullFromUrl,
    QrStatus,
    TikTokSession,
    VideoPost,
)

DAYS: dict[str, Any] = {"start": date(2026, 1, 1), "end": date(2026, 1, 3)}
ANY = {"and": [{"operation": "EQ", "field_name": "keyword", "field_values": ["a"]}]}
ID = 7_320_768_187_275_005_226

VIDEO: dict[str, Any] = {
    "id": ID,
    "create_time": 1_767_355_194,
    "username": "somebody",
    "region_code": "US",
    "video_description": "#cat hello",
    "voice_to_text": "spoken",
    "music_id": 7_106_506_857_899_919_361,
    "playlist_id": 7_281_443_725_770_476_321,
    "like_count": 17,
    "comment_count": 0,
    "share_count": 0,
    "view_count": 120,
    "favorites_count": 4,
    "video_duration": 31,
    "effect_ids": ["12", "13"],
    "hashtag_names": ["cat"],
    "video_mention_list": ["other"],
    "hashtag_info_list": [{"hashtag_id": "5", "hashtag_name": "cat", "hashtag_description": "cats"}],
    "sticker_info_list": [{"sticker_id": "6", "sticker_name": "star"}],
    "effect_info_list": [{"effect_id": "12", "effect_name": "blur", "effect_photo_url": "https://cdn.example/12"}],
    "video_label": {"content": "Unverified"},
    "is_stem_verified": True,
    "video_tag": {"type": "AIGC", "number": 1},
}
SIBLING: dict[str, Any] = {
    **{name: value for name, value in VIDEO.items() if name not in ("effect_ids", "playlist_id", "voice_to_text")},
    "effect_info_list": [{"effect_id": "12", "effect_name": "blur", "effect_photo_URI": "https://cdn.example/12"}],
    "video_tag": {"video_tag_type": "AIGC", "video_tag_number": 2},
}
COMMENT = {
    "id": 7_386_111_312_293_610_270,
    "video_id": ID,
    "parent_comment_id": ID,
    "text": "nice",
    "like_count": 0,
    "reply_count": 0,
    "create_time": 1_767_355_194,
    "display_name": "A***",
}
PERSON = {"username": "a", "display_name": "A"}
PAGE = {"cursor": 100, "has_more": False}


@frozen
class Example:
    """An answer, the call that reads it, and the attributes that the result must have."""

    name: str
    endpoint: Endpoint
    data: dict[str, Any]
    call: Callable[[TikTokSession, Account], Awaitable[Any]]
    item: dict[str, Any]
    flat: bool = False


async def _qr(session: TikTokSession, _: Account) -> Any:
    qr = await session.oauth.qr_login(["user.info.basic"])
    async for status in qr.watch():
        if status in (QrStatus.CONFIRMED, QrStatus.NEW):
            return None
    return None


async def _object(found: Awaitable[Any]) -> Any:
    """Return a JSON object as an object with attributes."""
    one = await found
    if isinstance(one, tuple):
        one = one[0] if one else None
    return SimpleNamespace(**one) if isinstance(one, dict) else one


async def _state(session: TikTokSession) -> Any:
    return SimpleNamespace(task_status=await session.research.compliance_task("7").status())


PULLED = PullFromUrl("https://cdn.example/clip.mp4")
PHOTOS = PhotoPost(privacy_level=PrivacyLevel.SELF_ONLY)
DONE = {"error": {"code": "ok", "message": "", "log_id": "L"}}
AD: dict[str, Any] = {
    "ad": {
        "id": 1_730_000_000_000_001,
        "first_shown_date": 20_260_102,
        "last_shown_date": 20_260_109,
        "status": "inactive",
        "status_statement": "",
        "videos": [{"url": "https://cdn.example/ad.mp4", "cover_image_url": "https://cdn.example/ad.jpeg"}],
        "image_urls": ["https://cdn.example/ad.webp"],
        "reach": {"unique_users_seen": "12K"},
    },
    "advertiser": {"business_id": 3_847_236_290_405, "business_name": "A Shop", "paid_for_by": "A Shop Ltd."},
}
DETAIL: dict[str, Any] = {
    "ad": AD["ad"],
    "advertiser": {
        **AD["advertiser"],
        "follower_count": 12,
        "avatar_url": "https://cdn.example/shop.jpeg",
        "profile_url": "https://www.tiktok.com/@a_shop",
    },
    "ad_group": {"targeting_info": {"age": {"18-24": True}, "country": ["FR"], "number_of_users_targeted": "1M"}},
}
BUSINESS: dict[str, Any] = {"business_id": 3_847_236_290_405, "business_name": "A Shop", "country_code": "FR"}
PAID: dict[str, Any] = {
    "id": ID,
    "create_date": 20_260_102,
    "create_timestamp": "1767355194",
    "creator": {"username": "somebody"},
    "label": "Paid partnership",
    "brand_names": ["A Shop"],
    "videos": [{"url": "https://cdn.example/paid.mp4", "cover_image_url": "https://cdn.example/paid.jpeg"}],
}

EXAMPLES = [
    Example(
        "user info",
        Endpoint.USER_INFO,
        {
            "user": (
                user := {
                    "open_id": "1111-2222",
                    "union_id": "9999-2222",
                    "avatar_url": "https://cdn.example/168.jpeg",
                    "avatar_url_100": "https://cdn.example/100.jpeg",
                    "avatar_large_url": "https://cdn.example/1080.jpeg",
                    "display_name": "Somebody",
                    "bio_description": "hello",
                    "profile_deep_link": "https://vm.example/1/",
                    "is_verified": False,
                    "username": "somebody",
                    "follower_count": 120,
                    "following_count": 3,
                    "likes_count": 4_567,
                    "video_count": 12,
                }
            )
        },
        lambda _, account: account.user_info(),
        user,
    ),
    Example(
        "video list",
        Endpoint.VIDEO_LIST,
        {
            "videos": [
                video := {
                    "id": "7080213458555737986",
                    "create_time": 1_646_883_959,
                    "title": "video 1",
                    "video_description": "video 1 #tag",
                    "duration": 15,
                    "height": 1_024,
                    "width": 576,
                    "cover_image_url": "https://cdn.example/1.image?x-expires=1657851434",
                    "share_url": "https://www.tiktok.com/@somebody/video/7080213458555737986",
                    "embed_html": "<blockquote></blockquote>",
                    "embed_link": "https://www.tiktok.com/static/profile-video?id=7080213458555737986",
                    "like_count": 5,
                    "comment_count": 1,
                    "share_count": 0,
                    "view_count": 321,
                }
            ],
            "cursor": 1_646_883_959_000,
            "has_more": False,
        },
        lambda _, account: account.videos().first(),
        video,
    ),
    Example(
        "video query",
        Endpoint.VIDEO_QUERY,
        {"videos": [{"id": "7080213458555737986", "title": "video 1"}]},
        lambda _, account: account.videos_by_id(["7080213458555737986"]).first(),
        {"id": "7080213458555737986", "title": "video 1"},
    ),
    Example(
        "creator info",
        Endpoint.CREATOR_INFO,
        creator := {
            "creator_avatar_url": "https://cdn.example/avatar",
            "creator_username": "somebody",
            "creator_nickname": "Somebody",
            "privacy_level_options": ["PUBLIC_TO_EVERYONE", "SELF_ONLY", "A_NEW_LEVEL"],
            "comment_disabled": False,
            "duet_disabled": False,
            "stitch_disabled": True,
            "max_video_post_duration_sec": 300,
        },
        lambda _, account: account.creator_info(),
        creator,
    ),
    Example(
        "publish status",
        Endpoint.STATUS_FETCH,
        {
            "status": "PUBLISH_COMPLETE",
            "publicaly_available_post_id": [ID],
            "uploaded_bytes": 5,
            "downloaded_bytes": 0,
            "fail_reason": "",
        },
        lambda _, account: account.publish("v_pub_file~v2-1.7").status(),
        {"state": "PUBLISH_COMPLETE", "post_ids": [str(ID)], "uploaded_bytes": 5, "downloaded_bytes": 0},
    ),
    Example(
        "failed publish status",
        Endpoint.STATUS_FETCH,
        {"fail_reason": "frame_rate_check_failed", "status": "FAILED"},
        lambda _, account: account.publish("v_pub_file~v2-1.7").status(),
        {"state": "FAILED", "fail_reason": "frame_rate_check_failed"},
    ),
    Example(
        "research videos",
        Endpoint.RESEARCH_VIDEO_QUERY,
        {"videos": [VIDEO], **PAGE, "search_id": "7201388525814961198"},
        lambda session, _: session.research.videos(ANY, **DAYS).first(),
        VIDEO,
    ),
    Example(
        "research videos as in the example",
        Endpoint.RESEARCH_VIDEO_QUERY,
        {"videos": [{"video_id": ID, "hashtag_info_list": {"hashtag_id": 5, "hashtag_description": "cats"}}], **PAGE},
        lambda session, _: session.research.videos(ANY, **DAYS).first(),
        {"id": ID, "hashtag_info_list": [{"hashtag_id": "5", "hashtag_description": "cats"}]},
    ),
    Example(
        "research user",
        Endpoint.RESEARCH_USER_INFO,
        profile := {
            "username": "somebody",
            "display_name": "Somebody",
            "bio_description": "bio",
            "avatar_url": "https://cdn.example/avatar",
            "is_verified": False,
            "follower_count": 232,
            "following_count": 45,
            "likes_count": 27_155_089,
            "video_count": 44,
            "bio_url": "https://example.com",
        },
        lambda session, _: session.research.user("somebody"),
        profile,
    ),
    Example(
        "research comments",
        Endpoint.RESEARCH_COMMENT_LIST,
        {"comments": [COMMENT], **PAGE},
        lambda session, _: session.research.comments(str(ID)).first(),
        COMMENT,
    ),
    Example(
        "liked videos",
        Endpoint.RESEARCH_LIKED_VIDEOS,
        {"user_liked_videos": [SIBLING], "cursor": 1_706_457_371_000, "has_more": False},
        lambda session, _: session.research.liked_videos("somebody").first(),
        {**SIBLING, "effect_info_list": VIDEO["effect_info_list"]},
    ),
    Example(
        "pinned videos",
        Endpoint.RESEARCH_PINNED_VIDEOS,
        {"pinned_videos_list": [{"id": ID, "favourites_count": 10}]},
        lambda session, _: session.research.pinned_videos("somebody").first(),
        {"id": ID, "favorites_count": 10},
    ),
    *(
        Example(
            f"reposted videos as {key}",
            Endpoint.RESEARCH_REPOSTED_VIDEOS,
            {key: [{"id": ID, "create_time": 1_767_355_194, "region_code": "MD"}], **PAGE},
            lambda session, _: session.research.reposted_videos("somebody").first(),
            {"id": ID, "create_time": 1_767_355_194, "region_code": "MD"},
        )
        for key in ("reposted_videos", "user_reposted_videos")
    ),
    Example(
        "followers",
        Endpoint.RESEARCH_FOLLOWERS,
        {"user_followers": [PERSON], "cursor": 1_706_837_834, "has_more": False},
        lambda session, _: session.research.followers("somebody").first(),
        PERSON,
    ),
    Example(
        "following",
        Endpoint.RESEARCH_FOLLOWING,
        {"user_following": [PERSON], "cursor": 1_706_837_834, "has_more": False},
        lambda session, _: session.research.following("somebody").first(),
        PERSON,
    ),
    Example(
        "playlist",
        Endpoint.RESEARCH_PLAYLIST_INFO,
        playlist := {
            "playlist_id": 7_281_443_725_770_476_321,
            "playlist_name": "a list",
            "playlist_item_total": 2,
            "playlist_last_updated": 1_767_355_194,
            "playlist_video_ids": [ID, ID + 1],
            "cursor": 2,
            "has_more": False,
        },
        lambda session, _: session.research.playlist("7281443725770476321"),
        {name: value for name, value in playlist.items() if name not in ("cursor", "has_more")},
    ),
    Example(
        "shop",
        Endpoint.RESEARCH_SHOP,
        {
            "shop_data": [
                shop := {
                    "shop_id": 7_495_177_166_735_509_999,
                    "shop_name": "A Shop",
                    "shop_rating": "4.5",
                    "shop_review_count": 12_345,
                    "item_sold_count": 1_216_959,
                    "shop_performance_value": 93,
                }
            ]
        },
        lambda session, _: _first(session.research.shop("A Shop")),
        shop,
    ),
    Example(
        "products",
        Endpoint.RESEARCH_SHOP_PRODUCTS,
        {
            "product_data": [
                product := {
                    "product_id": 1_729_401_755_128_991_215,
                    "product_name": "Cup",
                    "product_description": "holds tea",
                    "product_price": ["20.79GBP"],
                    "product_sold_count": 37_741,
                    "product_review_count": 3_321,
                    "product_rating": "4.6",
                    **{f"product_rating_{stars}_count": stars * 10 for stars in range(1, 6)},
                    "shop_name": "A Shop",
                }
            ]
        },
        lambda session, _: session.research.shop_products("7495177166735509999").first(),
        product,
    ),
    Example(
        "reviews",
        Endpoint.RESEARCH_SHOP_REVIEWS,
        {
            "review_data": [
                review := {
                    "product_name": "Cup",
                    "review_text": "good",
                    "review_rating": "FIVE",
                    "review_like_count": 1,
                    "create_time": 1_722_879_716,
                    "display_name": "b***",
                }
            ]
        },
        lambda session, _: session.research.shop_reviews("1729401755128991215").first(),
        review,
    ),
    Example(
        "compliance task",
        Endpoint.RESEARCH_VALIDATION_CREATE,
        {"task_id": 12_345_678_910_987_654_321},
        lambda session, _: session.research.compliance(["1"]),
        {"task_id": "12345678910987654321"},
    ),
    Example(
        "archive request",
        Endpoint.PORTABILITY_ADD,
        {"request_id": 123_451_234_512_345},
        lambda _, account: account.portability.add(["profile"]),
        {"request_id": "123451234512345"},
    ),
    Example(
        "archive status",
        Endpoint.PORTABILITY_CHECK,
        archive := {
            "request_id": 123_451_234_512_345,
            "apply_time": 1_703_186_989,
            "collect_time": 1_703_187_862,
            "status": "downloading",
            "data_format": "json",
            "category_selection_list": ["profile", "direct_message"],
        },
        lambda _, account: account.portability.request("123451234512345").status(),
        archive,
    ),
    Example(
        "archive cancelled",
        Endpoint.PORTABILITY_CANCEL,
        DONE,
        lambda _, account: account.portability.request("123451234512345").cancel(),
        {},
        flat=True,
    ),
    Example(
        "post cancelled",
        Endpoint.PUBLISH_CANCEL,
        DONE,
        lambda _, account: account.publish("v_pub_url~v2.7").cancel(),
        {},
        flat=True,
    ),
    Example("grant revoked", Endpoint.REVOKE, {}, lambda _, account: account.disconnect(), {}, flat=True),
    Example(
        "compliance status",
        Endpoint.RESEARCH_VALIDATION_STATUS,
        {"task_status": "Completed"},
        lambda session, _: _state(session),
        {"task_status": "Completed"},
    ),
    Example(
        "video post",
        Endpoint.VIDEO_INIT,
        {"publish_id": "v_pub_url~v2.7601447475849021452"},
        lambda _, account: account.post_video(PULLED, VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)),
        {"publish_id": "v_pub_url~v2.7601447475849021452"},
    ),
    Example(
        "video draft from a file",
        Endpoint.INBOX_INIT,
        {
            "publish_id": "v_inbox_file~v2.7601447475849021452",
            "upload_url": "https://open-upload.tiktokapis.com/video/?upload_id=76014474758&upload_token=0000-0001",
        },
        lambda _, account: account.draft_video(bytes(9)),
        {"publish_id": "v_inbox_file~v2.7601447475849021452"},
    ),
    Example(
        "photo post",
        Endpoint.CONTENT_INIT,
        {"publish_id": "p_pub_url~v2.7601447475849021453"},
        lambda _, account: account.post_photos(["https://cdn.example/1.webp"], PHOTOS),
        {"publish_id": "p_pub_url~v2.7601447475849021453"},
    ),
    Example(
        "reviews, whose time is in milliseconds",
        Endpoint.RESEARCH_SHOP_REVIEWS,
        {"review_data": [{"product_name": "Cup", "create_time": 1_722_879_716_021}]},
        lambda session, _: session.research.shop_reviews("1729401755128991215").first(),
        {"product_name": "Cup", "create_time": 1_722_879_716},
    ),
    Example(
        "ads",
        Endpoint.RESEARCH_ADLIB_AD_QUERY,
        {"ads": [AD], "has_more": "true", "search_id": "7201388525814961198"},
        lambda session, _: _object(session.research.ads.query(**DAYS).first()),
        AD,
    ),
    Example(
        "an ad",
        Endpoint.RESEARCH_ADLIB_AD_DETAIL,
        DETAIL,
        lambda session, _: _object(session.research.ads.ad("1730000000000001")),
        DETAIL,
    ),
    Example(
        "ads by day",
        Endpoint.RESEARCH_ADLIB_AD_REPORT,
        {"count_time_series_by_country": {"FR": [{"date": 20_260_102, "count": 12}]}},
        lambda session, _: _object(session.research.ads.report(**DAYS)),
        {"count_time_series_by_country": {"FR": [{"date": 20_260_102, "count": 12}]}},
    ),
    Example(
        "advertisers",
        Endpoint.RESEARCH_ADLIB_ADVERTISER_QUERY,
        {"advertisers": [BUSINESS]},
        lambda session, _: _object(session.research.ads.advertisers("shop")),
        BUSINESS,
    ),
    Example(
        "paid content",
        Endpoint.RESEARCH_ADLIB_CONTENT_QUERY,
        {"commercial_contents": [PAID], "has_more": "true", "search_id": "7201388525814961198"},
        lambda session, _: _object(session.research.ads.contents(**DAYS).first()),
        PAID,
    ),
    *(
        Example(f"QR {body['status']}", Endpoint.QRCODE_CHECK, body, _qr, {}, flat=True)
        for body in (
            {"client_ticket": "", "status": "new"},
            {"client_ticket": "", "status": "expired"},
        )
    ),
]


async def _first(found: Awaitable[tuple[Any, ...]]) -> Any:
    several = await found
    return several[0] if several else None


# The fields of TikTok's tables, in the spelling of each page; the fields of a user or an archive need scopes.
_VIDEO = " ".join(name for name in VIDEO if name not in ("effect_ids", "playlist_id", "voice_to_text"))
_COUNTS = "follower_count following_count likes_count video_count"
TABLES = {
    name: frozenset(fields.split())
    for name, fields in {
        "user info": (
            "open_id union_id avatar_url avatar_url_100 avatar_large_url display_name bio_description "
            f"profile_deep_link is_verified username {_COUNTS}"
        ),
        "video list": " ".join(video),
        "video query": " ".join(video),
        "research videos": " ".join(VIDEO),
        "research user": f"display_name bio_description avatar_url is_verified bio_url {_COUNTS}",
        "research comments": " ".join(COMMENT),
        "liked videos": _VIDEO.replace("favorites", "favourites"),
        "pinned videos": _VIDEO,
        "reposted videos as reposted_videos": _VIDEO.replace("favorites", "favourites"),
        "playlist": "playlist_id playlist_name playlist_item_total playlist_last_updated playlist_video_ids",
        "shop": " ".join(shop),
        "products": " ".join(product),
        "reviews": " ".join(review),
        "archive status": " ".join(archive),
        "ads": " ".join(f"{group}.{name}" for group, named in AD.items() for name in named),
        "an ad": " ".join(f"{group}.{name}" for group, named in DETAIL.items() for name in named),
        "advertisers": " ".join(BUSINESS),
        "paid content": " ".join(PAID),
    }.items()
}
