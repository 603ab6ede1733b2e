"""Queries of the Research API, written in Python, and checked by TikTok's rules before anything is sent.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from tiktok_async.query._query import Condition, F, Query

__all__ = ["Condition", "F", "Query"]
