"""Ground truth of our own: marking people's annotations, and taking marks off."""
