"""The one request path: limits, token, request, retries, events."""
