"""Rules about posts, which never wait: chunks, saved uploads, statuses."""
