"""One module per provider, named like the provider in lower case, each with ``open_model``."""
