"""Encryption of provider keys at rest (Fernet: AES-128-CBC with HMAC-SHA-256)."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from ml_backend.errors import PromptsError


class SecretCipher:
    """Encrypts with a key derived from the server's SECRET_KEY."""

    def __init__(self, secret: str) -> None:
        digest = hashlib.sha256(b"prompts-for-label-studio connections\0" + secret.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(digest.digest()))

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Return the text; raises PromptsError when SECRET_KEY has changed since."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise PromptsError(
                "A stored provider key cannot be read: SECRET_KEY has changed since it was saved.",
                fix="Restore SECRET_KEY (or DATA_DIR/secret_key), or add the connection again.",
            ) from error
