"""What control tags of a kind have in common."""
