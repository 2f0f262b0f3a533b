"""What object tags make of a task's data."""
