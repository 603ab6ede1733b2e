"""Rate limits: the sliding windows, and waiting for them in this process."""
