"""Content Posting.

Source: https://developers.tiktok.com/doc/content-posting-api-get-started
"""
