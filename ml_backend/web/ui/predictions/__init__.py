"""Predictions: what stands in Label Studio, and bulk actions on it."""
