"""The zip archive that a user's data comes in.

What its files hold is not documented; folders and topics are those of TikTok's page.
Source: https://developers.tiktok.com/doc/data-portability-data-types
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import orjson

from tiktok_async.emulator.engine.users import EmulatedUser

_DAY_ONE: Final = (2026, 11, 1, 0, 0, 0)


def archive(user: EmulatedUser, categories: tuple[str, ...], data_format: str, *, at_least: int = 0) -> bytes:
    """Return the archive, the same bytes for the same arguments.

    Args:
        user: Whose.
        categories: What is in it.
        data_format: `json` or `text`.
        at_least: Its size in bytes is not below this.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
        for folder, content in _folders(user, categories):
            if data_format == "json":
                name, text = f"{folder}/{folder}.json", orjson.dumps(content, option=orjson.OPT_INDENT_2)
            else:
                lines = (f"{key}: {value}" for key, value in content.items())
                name, text = f"{folder}/{folder}.txt", "\n".join(lines).encode()
            zipped.writestr(zipfile.ZipInfo(name, _DAY_ONE), text)
        if at_least:
            # Stored, so that it takes as much room as it says.
            zipped.writestr(zipfile.ZipInfo("Posts/videos.bin", _DAY_ONE), _noise(at_least))
    return stream.getvalue()


def _folders(user: EmulatedUser, categories: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    everything = "all_data" in categories
    if everything or "profile" in categories:
        yield "Profile", {"userName": user.username, "displayName": user.display_name, "bio": user.bio_description}
    if everything or "video" in categories:
        yield "Posts", {"VideoList": [{"Link": f"https://www.tiktok.com/@{user.username}/video/{i}"} for i in range(3)]}
    if everything or "activity" in categories:
        yield "Activity", {"Like List": [], "Login History": [{"IP": "192.0.2.1", "DeviceModel": "Emu"}]}
    if everything or "direct_message" in categories:
        yield "Direct Messages", {"ChatHistory": {"Chat History with friend": [{"From": "friend", "Content": "hi"}]}}
    if everything:
        yield "App Settings", {"Language": "en"}
        yield "Comments", {"CommentsList": []}


def _noise(size: int) -> bytes:
    return hashlib.shake_128(b"archive").digest(size)
