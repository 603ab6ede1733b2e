"""A store that encrypts what it keeps in another store."""
