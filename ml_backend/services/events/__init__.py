"""What Label Studio's events lead to."""
