"""Accept: what of a version's predictions needs no look, and where people look first."""
