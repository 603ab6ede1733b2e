"""The emulated Data Portability API."""
