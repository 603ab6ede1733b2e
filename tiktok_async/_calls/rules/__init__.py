"""Rules about calls, which never wait: endpoints, limits, retries."""
