"""One page of a listing."""

from typing import Generic, TypeVar

from attrs import frozen

T_co = TypeVar("T_co", covariant=True)


@frozen(slots=True, kw_only=True)
class Page(Generic[T_co]):
    """What one request of a listing brought.

    Attributes:
        items: The items, in TikTok's order; may be fewer than asked for, even none, while *has_more* is true.
        cursor: Continues the listing behind this page; `None` where there is nothing behind it.
        has_more: Whether TikTok says that there is more.
        log_id: TikTok's id of the call.
        checkpoint: Continues a listing of many parts (a Research walk) behind this page, in any process.
    """

    items: tuple[T_co, ...]
    cursor: int | None = None
    has_more: bool = False
    log_id: str | None = None
    checkpoint: str | None = None
