"""Converts the different forms of Research answers into one, before they are read strictly.

Anything else is left unchanged, for the converter to accept or to refuse.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-videos
https://developers.tiktok.com/doc/research-api-specs-query-user-liked-videos
https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-reviews
"""

from typing import Any, cast

__all__ = ["as_playlist", "as_product", "as_review", "as_video", "listed"]

# The year 5138 in seconds: a larger time is in milliseconds.
_SECONDS_END = 100_000_000_000
# Each is one object in TikTok's table and a list in its examples.
_LISTS = ("hashtag_info_list", "sticker_info_list", "effect_info_list")


def listed(data: Any, *keys: str) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return the list under the first existing key of *keys*; TikTok's tables and examples name some differently."""
    whole = _object(data)
    found = next((whole[key] for key in keys if whole.get(key) is not None), None)
    if type(found) is list:
        return found  # pyright: ignore[reportUnknownVariableType]  # JSON
    return [] if found is None else [found]


def as_video(raw: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a video with the keys of TikTok's table."""
    video = _object(raw)
    if not video:
        return raw
    changes: dict[str, Any] = {}
    if video.get("id") is None and "video_id" in video:
        changes["id"] = video["video_id"]
    if video.get("favorites_count") is None and "favourites_count" in video:
        changes["favorites_count"] = video["favourites_count"]
    changes |= {key: listed(video, key) for key in _LISTS if isinstance(video.get(key), dict)}
    if effects := listed({**video, **changes}, "effect_info_list"):
        changes["effect_info_list"] = [_effect(one) for one in effects]
    return {**video, **changes} if changes else video


def as_playlist(data: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a playlist's page with its ids as a list."""
    page = _object(data)
    if not page:
        return data
    return {**page, "playlist_video_ids": listed(page, "playlist_video_ids")}


def as_product(raw: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a product with its rating and its price in the documented form."""
    product = _object(raw)
    if not product:
        return raw
    changes: dict[str, Any] = {}
    for key in ("product_rating", "shop_rating"):
        # The type of a product's rating is not documented; a shop's is a string.
        if type(product.get(key)) in (int, float):
            changes[key] = str(product[key])
    if isinstance(product.get("product_price"), str):
        changes["product_price"] = [product["product_price"]]
    return {**product, **changes} if changes else product


def as_review(raw: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a review with its time in seconds: TikTok's sample has milliseconds."""
    review = _object(raw)
    if not review:
        return raw
    created = review.get("create_time")
    if type(created) is int and created >= _SECONDS_END:
        return {**review, "create_time": created // 1_000}
    return review


def _effect(raw: Any) -> Any:  # noqa: ANN401 - any JSON value
    effect = _object(raw)
    return {"effect_photo_url": effect["effect_photo_URI"], **effect} if "effect_photo_URI" in effect else raw


def _object(raw: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return cast("dict[str, Any]", raw) if type(raw) is dict else {}
