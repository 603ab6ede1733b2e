"""Rules about Research searches, which never wait."""
