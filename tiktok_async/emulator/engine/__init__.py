"""What the emulated products share: server, routes, state, clock, faults, windows."""
