"""Commands about what stands in Label Studio: predictions, and what is true."""
