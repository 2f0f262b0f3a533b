"""A Google service account's key as its console gives it out, for a token address of the tests."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

EMAIL = "labels@my-project.iam.gserviceaccount.com"


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def pem() -> str:
    return (
        private_key()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def account(token_uri: str, key_id: str = "key-1", **changes: Any) -> str:
    """Return the JSON of an account, with other values or, by None, without."""
    found = {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": key_id,
        "private_key": pem(),
        "client_email": EMAIL,
        "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
        **changes,
    }
    return json.dumps({name: value for name, value in found.items() if value is not None})
