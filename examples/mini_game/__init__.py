"""The server and the page of a mini game."""
