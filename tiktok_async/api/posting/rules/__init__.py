"""What decides about a post and never waits: chunks, saved uploads, statuses."""
