"""Vendors that LiteLLM knows, asked through its library: the extra ``[litellm]``.

rules.py   which of them a connection may ask      calls.py     one call, as the wire's are
table.py   what models cost by its own table       troubles.py  its errors, as refusals
"""

WHOSE_KEY = "litellm:"
"""Begins what is remembered of whose a connection's key is, beside how models are asked."""
