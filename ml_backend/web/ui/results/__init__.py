"""What a run answered, task by task and class by class."""
