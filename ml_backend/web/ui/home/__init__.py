"""The list of prompts, and making a new one."""
