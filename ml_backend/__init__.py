"""Prompts for Label Studio: an open prompts server and ML backend for any Label Studio."""

__version__ = "0.1.0"
