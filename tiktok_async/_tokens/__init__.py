"""The life of a token: kept, refreshed, swept."""
