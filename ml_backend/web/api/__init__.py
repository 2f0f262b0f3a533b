"""The Prompts API under /api/: its operations, and their OpenAPI document."""
