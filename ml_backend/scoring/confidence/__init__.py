"""What confidence is worth, and whom to ask where there is little of it; pure."""
