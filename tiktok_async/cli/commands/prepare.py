"""`tiktok-async prepare`."""

import asyncio
import shutil
import sys
from pathlib import Path

from tiktok_async.errors import ConfigurationError


async def command(source: Path, target: Path, /, *, force: bool = False) -> None:
    """Convert a video or photo to a file that TikTok accepts, with ffmpeg.

    Valid parts are kept: a video that breaks no rule is copied without loss.

    Args:
        source: The file.
        target: The file to write, `.mp4` for a video and `.jpg` for a photo.
        force: Overwrite *target*.
    """
    from tiktok_async.media import check_media, ffmpeg_command

    found = await check_media(source)
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    arguments = ffmpeg_command(found, source, target)
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise ConfigurationError(f"ffmpeg is not installed. On a machine with ffmpeg, run: {' '.join(arguments)}")
    if await asyncio.to_thread(_must_not_write, source, target, force=force):
        raise ConfigurationError(f"{target} exists. Name another file, or use --force.")
    # No shell. A name that begins with a hyphen or looks like a URL is still used as a file.
    process = await asyncio.create_subprocess_exec(ffmpeg, *arguments[1:], stdin=asyncio.subprocess.DEVNULL)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise
    if code != 0:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise ConfigurationError(f"ffmpeg could not convert {source} (exit code {code}); see its messages above.")
    after = await check_media(target)
    if not after.ok:
        raise ConfigurationError(f"{after}.")
    sys.stdout.write(f"{target}\n")


def _must_not_write(source: Path, target: Path, *, force: bool) -> bool:
    return target.exists() and (not force or target.samefile(source))
