"""Measuring runs on ground truth and comparing them."""
