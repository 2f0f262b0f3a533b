"""Whether the parts work, and what to mend where they do not."""
