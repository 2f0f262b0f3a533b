"""What goes over the wire of the API: one pydantic model for every request and answer.

The OpenAPI document is made of these; names and types are the SDK's where it has them.
"""
