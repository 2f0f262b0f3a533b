"""Runs from their start to their report."""
