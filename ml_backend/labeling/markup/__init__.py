"""The labeling config's markup: tags, conditions, and which modules know them."""
