"""What `/setup` and `/predict` answer."""
