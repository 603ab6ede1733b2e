"""Tokens, leases, notes, checkpoints, limits and videos in PostgreSQL."""
