"""What a record of a store holds, as bytes."""
