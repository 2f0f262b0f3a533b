"""A simulated OpenAI-compatible server: schema-true answers, and every fault on demand.

For tests, benchmarks and trying things out, as a process of its own that is reached over HTTP:
``python -m ml_backend.simulator``. Knows nothing of the rest of the package.
"""
