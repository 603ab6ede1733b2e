"""What speaks HTTP: aiohttp stays here."""

from tiktok_async.models._http import Response as Response  # pickles of 0.1 name it here
