"""Which model: one prompt raced with several on the ground truth."""
