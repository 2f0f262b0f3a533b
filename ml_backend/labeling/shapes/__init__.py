"""What control tags that draw have in common."""
