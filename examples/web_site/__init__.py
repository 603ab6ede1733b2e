"""The pages that both web examples serve, and their use of TikTok."""
