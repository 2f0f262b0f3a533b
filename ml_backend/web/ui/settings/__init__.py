"""Connections to model providers, and Health."""
