"""Files of tasks made fit for a model: fetched from hosts that are allowed, bounded, shrunk, read.

Knows neither Label Studio nor models. Import the modules: Pillow and pypdf load on first use.
"""
