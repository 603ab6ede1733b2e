"""What `tiktok-async doctor` looks at: a module for each concern."""
