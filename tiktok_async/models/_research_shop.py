"""What the Research API tells of TikTok Shop.

Source: https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-info
"""

from datetime import datetime

from attrs import frozen

from tiktok_async.models._wire_model import WireModel, identifier


@frozen(kw_only=True)
class Shop(WireModel):
    """A shop.

    Attributes:
        shop_id: The shop; always asked for.
        shop_name: Its name.
        shop_rating: Its rating as TikTok writes it, such as `4.5`.
        shop_review_count: Reviews.
        item_sold_count: Items sold.
        shop_performance_value: TikTok's measure of it.
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
        product_id: The product; always asked for.
        product_name: Its name.
        product_description: What the shop says of it.
        product_price: Prices with their currency, such as `20.79GBP`.
        product_sold_count: How many were sold.
        product_review_count: Reviews.
        product_rating: Its rating as TikTok writes it.
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
        review_text: What it says.
        review_like_count: Likes.
        review_rating: Stars in a word, such as `FIVE`.
        create_time: When it was written (UTC).
        display_name: Who wrote it, masked.
    """

    product_name: str | None = None
    review_text: str | None = None
    review_like_count: int | None = None
    review_rating: str | None = None
    create_time: datetime | None = None
    display_name: str | None = None
