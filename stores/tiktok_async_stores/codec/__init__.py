"""The records of a store as bytes."""
