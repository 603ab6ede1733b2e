"""TikTok's rules for files, the content of a posting page, and addresses. Nothing here waits."""
