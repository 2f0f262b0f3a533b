"""Commands about prompts and their versions."""
