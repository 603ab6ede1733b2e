"""HTTP: the only folder that uses aiohttp for TikTok's API."""

from tiktok_async.models._http import Response as Response  # pickles of 0.1 name it here
