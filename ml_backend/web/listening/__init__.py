"""Connections: what is read of them and written to them without holding a thread."""
