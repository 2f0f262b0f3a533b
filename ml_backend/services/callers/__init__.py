"""What a caller may see, write and connect to."""
