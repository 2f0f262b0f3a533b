"""Promise samples: drawn, labelled blind, opened, and what they promise."""
