"""The common parts of the emulated products: server, routes, state, clock, faults, windows."""
