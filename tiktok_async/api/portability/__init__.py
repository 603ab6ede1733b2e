"""Data Portability.

Source: https://developers.tiktok.com/doc/data-portability-api-get-started
"""
