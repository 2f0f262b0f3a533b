"""What commands print while they work and at their end."""
