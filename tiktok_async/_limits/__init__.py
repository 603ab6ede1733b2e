"""Rate limits: the windows, and waiting for a slot in this process."""
