"""Benchmarks: ratios measured in one run, against a fake Label Studio and a simulated model."""
