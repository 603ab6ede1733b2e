"""Rules about logins, which never wait."""
