"""From bytes to models."""
