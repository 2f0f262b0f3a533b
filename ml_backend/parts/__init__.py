"""How services are built from each other, by what they are for; the container has all of them."""
