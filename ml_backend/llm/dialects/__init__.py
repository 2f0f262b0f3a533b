"""What vendors' own APIs say instead of chat completions: a module each, pure and both ways."""
