"""One module for each area of TikTok's API: builders and parsers, no policy."""
