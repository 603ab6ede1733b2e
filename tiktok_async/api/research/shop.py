"""TikTok Shop in the Research API.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-info
https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-products
https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-reviews
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any, TypeVar

from tiktok_async._decoding.answers import read
from tiktok_async.api.pages import Pages
from tiktok_async.api.research.calls import ResearchCalls, check_id, check_limit, wanted
from tiktok_async.api.research.rules.shapes import as_product, as_review, listed
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Endpoint, Page, Shop, ShopProduct, ShopReview
from tiktok_async.models._http import Response
from tiktok_async.models._wire import WireModel

__all__ = ["products", "reviews", "shops"]

T = TypeVar("T", bound=WireModel)

_MOST_A_PAGE = 10

_SHOP_FIELDS = (
    "shop_name",
    "shop_rating",
    "shop_review_count",
    "item_sold_count",
    "shop_id",
    "shop_performance_value",
)
_PRODUCT_FIELDS = (
    "product_id",
    "product_name",
    "product_description",
    "product_price",
    "product_sold_count",
    "product_review_count",
    "product_rating",
    *(f"product_rating_{stars}_count" for stars in range(1, 6)),
    "shop_name",
)
_REVIEW_FIELDS = (
    "product_name",
    "review_text",
    "review_like_count",
    "create_time",
    "review_rating",
    "display_name",
)


async def shops(
    calls: ResearchCalls, name: str, *, fields: Iterable[str] | None, limit: int, wait_for_quota: bool
) -> tuple[Shop, ...]:
    """Return shops by name; see `Research.shop`."""
    if not name.strip():
        raise ConfigurationError("The name of a shop is needed.")
    if not 1 <= limit <= _MOST_A_PAGE:
        raise ConfigurationError(f"limit is 1 to {_MOST_A_PAGE}: TikTok has no second page of shops.")
    asked = wanted(fields, _SHOP_FIELDS, "shop_id")
    body = {"shop_name": name, "limit": limit}
    response = await _ask(calls, Endpoint.RESEARCH_SHOP, body, asked, wait_for_quota=wait_for_quota)
    found = _read(response, "shop_data", as_product, Shop, Endpoint.RESEARCH_SHOP)
    return found[:limit]


def products(
    calls: ResearchCalls,
    shop_id: str,
    *,
    fields: Iterable[str] | None,
    limit: int | None,
    cursor: int | None,
    wait_for_quota: bool,
) -> Pages[ShopProduct]:
    """List the products of a shop; see `Research.shop_products`."""
    body = {"shop_id": check_id("shop_id", shop_id)}
    asked = wanted(fields, _PRODUCT_FIELDS, "product_id")
    return _pages(
        lambda page: _ask(
            calls, Endpoint.RESEARCH_SHOP_PRODUCTS, {**body, **page}, asked, wait_for_quota=wait_for_quota
        ),
        lambda response: _read(response, "product_data", as_product, ShopProduct, Endpoint.RESEARCH_SHOP_PRODUCTS),
        limit,
        cursor,
    )


def reviews(
    calls: ResearchCalls,
    product_id: str,
    *,
    fields: Iterable[str] | None,
    limit: int | None,
    cursor: int | None,
    wait_for_quota: bool,
) -> Pages[ShopReview]:
    """List the reviews of a product; see `Research.shop_reviews`."""
    # A string in TikTok's table, unlike the other ids; its sample has a number.
    body = {"product_id": str(check_id("product_id", product_id))}
    asked = wanted(fields, _REVIEW_FIELDS)
    return _pages(
        lambda page: _ask(
            calls, Endpoint.RESEARCH_SHOP_REVIEWS, {**body, **page}, asked, wait_for_quota=wait_for_quota
        ),
        lambda response: _read(response, "review_data", as_review, ShopReview, Endpoint.RESEARCH_SHOP_REVIEWS),
        limit,
        cursor,
    )


def _pages(
    ask: Callable[[dict[str, int]], Any],
    understand: Callable[[Response], tuple[T, ...]],
    limit: int | None,
    cursor: int | None,
) -> Pages[T]:
    """Return the pages of a listing whose pages are numbered from 1; a page that is not full is the last one."""
    check_limit(limit)

    async def walk() -> AsyncGenerator[Page[T], None]:
        number, left = cursor or 1, limit
        while True:
            response: Response = await ask({"page_start": number, "page_size": _MOST_A_PAGE})
            items = understand(response)
            last = len(items) < _MOST_A_PAGE
            # A page that the limit has cut must be requested again by a listing that continues from it.
            following = number if left is not None and len(items) > left else None if last else number + 1
            items = items[:left]
            left = None if left is None else left - len(items)
            yield Page(items=items, cursor=following, has_more=following is not None, log_id=response.log_id)
            if last or left == 0:
                return
            number += 1

    return Pages(walk)


async def _ask(
    calls: ResearchCalls,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    fields: tuple[str, ...],
    *,
    wait_for_quota: bool,
) -> Response:
    # TikTok's tables have the fields in the query, its samples in the body, so both are sent.
    whole = {**body, "fields": ",".join(fields)}
    return await calls.call(endpoint, whole, fields=fields, wait_for_quota=wait_for_quota)


def _read(
    response: Response, key: str, shape: Callable[[Any], Any], model: type[T], endpoint: Endpoint
) -> tuple[T, ...]:
    return tuple(read(response, shape(raw), model, endpoint=endpoint) for raw in listed(response.data, key))
