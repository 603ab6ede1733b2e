"""What decides about a Research walk and never waits."""
