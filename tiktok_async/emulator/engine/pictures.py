"""Avatars and covers: their URLs, which return a real picture from the emulator."""

import base64
from typing import Final
from urllib.parse import quote

__all__ = ["JPEG", "PATH", "avatar_url", "cover_url"]

PATH: Final = "/_pictures/"
_COVER_LIFE: Final = 6 * 3_600
_NOT_SERVED: Final = "http://emulator.invalid"

# 16 by 16 pixels, one colour.
JPEG: Final = base64.b64decode(
    "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAg+Pkk+SVVVVVVVVWRdZGhoaGRkZGRoaGhwcHCDg4Nw"
    "cHBoaHBwfHyDg4+Tj4eHg4eTk5ubm7q6srLZ2eD/////xABMAAEBAAAAAAAAAAAAAAAAAAAABgEBAQAAAAAAAAAAAAAAAAAABgcQ"
    "AQAAAAAAAAAAAAAAAAAAAAARAQAAAAAAAAAAAAAAAAAAAAD/wAARCAAQABADASIAAhEAAxEA/9oADAMBAAIRAxEAPwC2AIEZf//Z"
)


def avatar_url(base: str, open_id: str, size: str) -> str:
    """Return the URL of a user's picture.

    Args:
        base: The URL of the emulator.
        open_id: The user's id.
        size: Width and height, such as `100x100`.
    """
    return f"{base or _NOT_SERVED}{PATH}{quote(open_id, safe='')}~c5_{size}.jpeg"


def cover_url(base: str, number: int, now: float) -> str:
    """Return the URL of a video's cover, signed for six hours from *now*, in Unix seconds.

    Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-object
    """
    expires = int(now) + _COVER_LIFE
    signature = f"x-expires={expires}&x-signature={(number ^ expires) & 0xFFFFFFFF:08x}%3D"
    return f"{base or _NOT_SERVED}{PATH}{number}.image?{signature}"
