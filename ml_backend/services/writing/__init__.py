"""One writer at a time, waiting while Label Studio is away, and sending a write again."""
