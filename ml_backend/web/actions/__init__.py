"""What API and pages do in a caller's name."""
