"""The Research API and the Commercial Content API.

Source: https://developers.tiktok.com/doc/about-research-api
"""
