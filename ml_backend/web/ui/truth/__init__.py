"""Ground truth of our own: annotated tasks, marked by clicking."""
