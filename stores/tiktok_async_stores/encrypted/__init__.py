"""A store that encrypts its records and keeps them in another store."""
