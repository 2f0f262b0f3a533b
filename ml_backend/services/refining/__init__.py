"""Asking a teacher model for a better prompt."""
