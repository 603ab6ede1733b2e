"""Tokens: the cache, the refresh, and the sweep over all accounts."""
