"""Connecting Label Studio projects to this server."""
