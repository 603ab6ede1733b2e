"""Print every logged-in creator's name and ten newest videos.

Run: TIKTOK_CLIENT_KEY=... TIKTOK_CLIENT_SECRET=... python examples/list_videos.py
"""

import asyncio

from tiktok_async import TikTokSession


async def main() -> None:
    """List the accounts that `tiktok-async login --store tokens.db` logged in."""
    async with TikTokSession.from_env(store="sqlite:///tokens.db") as session:
        async for account in session.accounts():
            user = await account.user_info()
            print(user.display_name)
            async for video in account.videos(limit=10):
                print(video.id, video.title, video.view_count)


asyncio.run(main())
