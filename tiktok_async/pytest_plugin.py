"""Fixtures that pytest finds by itself where this library is installed."""
