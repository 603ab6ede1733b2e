"""The words that a report may contain, and the checks of a report."""
