"""Login, grants and tokens.

Source: https://developers.tiktok.com/doc/oauth-user-access-token-management
"""
