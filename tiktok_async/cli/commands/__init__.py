"""One module for each command: its function `command` is found by its place here, and imported when it is called."""
