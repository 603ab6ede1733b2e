"""The rules: which access a grant gives, what an argument may be, what a record proves. Nothing here waits."""
