"""TikTok Shop in the Research API: shops, products, reviews.

Source: https://developers.tiktok.com/doc/research-api-specs-query-tiktok-shop-info
"""

import random
from collections.abc import Sequence
from typing import Any, Final, cast

import orjson

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef
from tiktok_async.emulator.research.endpoints import Research
from tiktok_async.models import Endpoint

_PAGE: Final = range(1, 11)
_DEFAULT: Final = 10
_SHOPS: Final = 25
_PRODUCTS: Final = 23
_REVIEWS: Final = 21
_FIRST_SHOP: Final = 7_495_177_166_735_509_000
_FIRST_PRODUCT: Final = 1_729_401_755_128_991_000
_STARS: Final = ("ONE", "TWO", "THREE", "FOUR", "FIVE")


class ResearchShop:
    """The shop endpoints of the Research area: 25 shops, 23 products each, 21 reviews a product."""

    def __init__(self, research: Research) -> None:
        self._research = research

    def routes(self) -> list[RouteDef]:
        """Return the routes of this module."""
        make = self._research.route
        return [
            make(Endpoint.RESEARCH_SHOP, self._shops),
            make(Endpoint.RESEARCH_SHOP_PRODUCTS, self._products),
            make(Endpoint.RESEARCH_SHOP_REVIEWS, self._reviews),
        ]

    async def _shops(self, call: Call) -> Reply:
        body = call.json()
        name = _body.string(body, "shop_name", required=True) or ""
        if not name.strip():
            raise BadField("`shop_name` must not be empty")
        limit = _body.integer(body, "limit", within=_PAGE) or _DEFAULT
        found = [shop for shop in map(self._shop, range(_SHOPS)) if name.casefold() in shop["shop_name"].casefold()]
        return self._answer(call, "shop_data", found[:limit], self._shop(0))

    async def _products(self, call: Call) -> Reply:
        body = call.json()
        text = body.get("shop_id")
        if self._research.quirks.shop_id_as_text == "accepted" and isinstance(text, str) and text.isascii():
            # The table says a number; a string works in practice.
            body["shop_id"] = int(text) if text.isdigit() else text
        shop_id = _body.integer(body, "shop_id", required=True) or 0
        shop = shop_id - _FIRST_SHOP
        if shop not in range(_SHOPS):
            raise BadField(f"{shop_id} is invalid: cannot find the shop")
        products = [self._product(shop * _PRODUCTS + index) for index in range(_PRODUCTS)]
        return self._answer(call, "product_data", self._page(call, products), products[0])

    async def _reviews(self, call: Call) -> Reply:
        raw = call.json().get("product_id")
        # The table has a string, the sample a number.
        text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
        if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
            raise BadField("`product_id` must be digits")
        product = int(text) - _FIRST_PRODUCT
        if product not in range(_SHOPS * _PRODUCTS):
            raise BadField(f"{text} is invalid: cannot find the product")
        reviews = [self._review(product, index) for index in range(_REVIEWS)]
        return self._answer(call, "review_data", self._page(call, reviews), reviews[0])

    @staticmethod
    def _page(call: Call, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body = call.json()
        size = _body.integer(body, "page_size", within=_PAGE) or _DEFAULT
        page = (_body.integer(body, "page_start", within=range(1, 2**31)) or 1) - 1
        return rows[page * size : (page + 1) * size]

    def _answer(self, call: Call, key: str, rows: list[dict[str, Any]], example: dict[str, Any]) -> Reply:
        fields = self._fields(call, tuple(example))
        data = {key: [{name: row[name] for name in fields if name in row} for row in rows]}
        if self._research.quirks.shop_error:
            return self._research.state.replies.ok(data)
        return Reply(200, orjson.dumps({"data": data}))

    def _fields(self, call: Call, known: Sequence[str]) -> tuple[str, ...]:
        """Return the requested fields: in the tables they are in the query, in all samples in the body."""
        if "fields" in call.query:
            return self._research.fields(call, known)
        raw: object = call.json().get("fields")
        names = raw.split(",") if isinstance(raw, str) else cast("list[object]", raw) if isinstance(raw, list) else []
        fields = tuple(name.strip() for name in names if isinstance(name, str))
        if not fields:
            raise BadField("`fields` is required")
        if self._research.state.quirks.unknown_fields == "error" and (unknown := set(fields) - set(known)):
            raise BadField(f"unknown field {min(unknown)!r}")
        return fields

    def _rng(self, what: str, number: int) -> random.Random:
        return random.Random(f"{what} {self._research.data.seed} {number}")  # noqa: S311 - made-up goods

    def _shop(self, number: int) -> dict[str, Any]:
        rng = self._rng("shop", number)
        return {
            "shop_id": _FIRST_SHOP + number,
            "shop_name": f"Emu Shop {number}",
            "shop_rating": f"{rng.randrange(30, 50) / 10}",
            "shop_review_count": rng.randrange(20_000),
            "item_sold_count": rng.randrange(2_000_000),
            "shop_performance_value": rng.randrange(100),
        }

    def _product(self, number: int) -> dict[str, Any]:
        rng = self._rng("product", number)
        stars = [rng.randrange(1_000) for _ in _STARS]
        return {
            "product_id": _FIRST_PRODUCT + number,
            "product_name": f"Cup {number}",
            "product_description": "holds tea",
            "product_price": [f"{rng.randrange(100, 9_999) / 100:.2f}GBP"],
            "product_sold_count": rng.randrange(50_000),
            "product_review_count": sum(stars),
            "product_rating": f"{rng.randrange(30, 50) / 10}",
            **{f"product_rating_{star}_count": count for star, count in enumerate(stars, 1)},
            "shop_name": f"Emu Shop {number // _PRODUCTS}",
        }

    def _review(self, product: int, number: int) -> dict[str, Any]:
        rng = self._rng("review", product * _REVIEWS + number)
        return {
            "product_name": f"Cup {product}",
            "review_text": rng.choice(("good", "leaks", "\u2764")),
            "review_like_count": rng.randrange(9),
            # Milliseconds, as in the sample.
            "create_time": (self._research.data.end - rng.randrange(10**6)) * 1_000 + rng.randrange(1_000),
            "review_rating": rng.choice(_STARS),
            "display_name": f"b***{number}",
        }
