"""What decides about a call and never waits: endpoints, limits, retries."""
