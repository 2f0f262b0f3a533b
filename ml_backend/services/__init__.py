"""What the server does, for all of its faces; the only floor that combines the doors below."""
