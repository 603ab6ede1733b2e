"""Time, tasks that outlive their caller, leases that are kept, wake-ups."""
