"""What is said where Label Studio does not call us because of where we are."""

from __future__ import annotations

PRIVATE_NETWORK = (
    "Label Studio refuses ML backends on loopback and private addresses unless it is started with "
    "USE_DEFAULT_BANNED_SUBNETS=false (or with ML_BLOCK_LOCAL_IP=false and "
    "SSRF_PROTECTION_ENABLED=false); in Docker, localhost is the container itself: use the "
    "host's name."
)
