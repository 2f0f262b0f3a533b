"""Which models can be asked, and what asking them may cost."""
