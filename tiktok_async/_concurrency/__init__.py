"""Time, tasks that outlive their caller, renewed leases, and wakeups."""
