"""Rate limits that a fleet shares, with any kind of server."""
