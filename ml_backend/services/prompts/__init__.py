"""Prompts and their versions: making, finding and previewing them."""
