"""aiohttp stays here."""
