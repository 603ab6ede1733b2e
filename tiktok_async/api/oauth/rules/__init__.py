"""What decides about a login and never waits."""
