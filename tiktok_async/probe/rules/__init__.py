"""What a report may say, and whether one does."""
