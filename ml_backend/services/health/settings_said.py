"""What the operator's settings come to, in words."""

from __future__ import annotations


def say_private_endpoints(everybody: bool) -> tuple[str, str]:
    """Return who may lead connections to private addresses, and how that is changed."""
    if everybody:
        return (
            "Everybody may make connections to private addresses (PRIVATE_ENDPOINTS=true).",
            "Unset PRIVATE_ENDPOINTS to leave that to the owner of the organization.",
        )
    return (
        "Connections to private addresses are the owner's of the organization to make, and "
        "everybody's to use.",
        "",
    )
