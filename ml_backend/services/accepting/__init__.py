"""Accepting predictions as annotations by a threshold, and taking that back."""
