"""Rate limits that a fleet shares, whatever server keeps them."""
