"""What stands in Label Studio: counting, deleting, promoting and deduplicating it."""
