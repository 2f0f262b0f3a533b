"""Enhance Prompt."""
