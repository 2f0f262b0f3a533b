"""The one place for what a model can: kept tables with their sources, and what was measured.

vendors.py      whose a connection's model is        tables/   what vendors document, dated
kept.py         what the tables know of a model      catalogue.py  all of it, merged, with its price
retiring.py     whether a model is about to be retired, in words
"""
