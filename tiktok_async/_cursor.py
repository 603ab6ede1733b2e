"""Where a listing goes on, and where it ends."""

from typing import TypeVar

Cursor = TypeVar("Cursor", int, str)


def next_cursor(previous: Cursor | None, returned: Cursor | None, *, has_more: bool) -> Cursor | None:
    """Return the cursor of the next page, or `None` at the end of the listing.

    A short or empty page does not end a listing: TikTok moderates after it has cut the page. What ends it is its own
    word, a missing cursor, or a cursor that stands still, with which the same page would come for ever.

    Args:
        previous: The cursor the page was asked with; `None` for the first page.
        returned: The cursor that came with it.
        has_more: TikTok's word that there is another page.

    Example:
        >>> next_cursor(None, 1646883959000, has_more=True)
        1646883959000
        >>> next_cursor(100, 100, has_more=True) is None
        True

    Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-list
    """
    if not has_more or returned is None:
        return None
    # Index cursors begin at 0, so a 0 after the first page has not moved either.
    stands_still = returned == previous or (not previous and not returned)
    return None if stands_still else returned
