"""Dated tables of our own, from the vendors' public pages, for what ``genai-prices`` lacks."""
