"""The checks of `tiktok-async doctor`: a module for each subject."""
