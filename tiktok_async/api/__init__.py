"""One folder or module for each area of TikTok's API."""
