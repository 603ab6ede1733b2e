"""What TikTok's rules say to a file, what belongs on a posting page, and addresses; nothing waits."""
