"""Stores and rate limits in Redis."""
