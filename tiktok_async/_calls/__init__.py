"""The request path that every call takes: limits, token, request, retries, events."""
