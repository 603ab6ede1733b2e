"""The pages that both web examples serve, and what they know of TikTok."""
