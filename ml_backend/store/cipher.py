"""Encryption of secrets at rest (Fernet: AES-128-CBC with HMAC-SHA-256), by one key after another.

``MultiFernet`` of the same library reads what older keys encrypted.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ml_backend.errors import PromptsError


class UnreadableSecret(PromptsError):
    """A secret that no key at hand decrypts."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be read: SECRET_KEY has changed since it was saved.",
            fix="Restore SECRET_KEY (or DATA_DIR/secret_key), set the one before as "
            "SECRET_KEY_OLD, or enter the secret again.",
        )


class SecretCipher:
    """Encrypts with a key derived from the first secret, and reads what any of them encrypted.

    ``current`` gives the secrets as they are by now: another process may have changed them.
    """

    def __init__(
        self, secret: str, *older: str, current: Callable[[], tuple[str, ...]] | None = None
    ) -> None:
        self._current = current
        self._take((secret, *older))

    def encrypt(self, text: str) -> str:
        self._look()
        return self._newest.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Return the text; raises UnreadableSecret when SECRET_KEY has changed since."""
        known = self._any
        try:
            return known.decrypt(token.encode()).decode()
        except InvalidToken:
            self._look()
        try:
            if self._any is not known:
                return self._any.decrypt(token.encode()).decode()
        except InvalidToken:
            pass
        raise UnreadableSecret

    def is_current(self, token: str) -> bool:
        """Return whether the key that encrypts now encrypted a token."""
        self._look()
        try:
            self._newest.decrypt(token.encode())
        except InvalidToken:
            return False
        return True

    def _look(self) -> None:
        if self._current is not None:
            secrets = self._current()
            if secrets != self._secrets:
                self._take(secrets)

    def _take(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets
        fernets = [_fernet(each) for each in secrets]
        self._newest, self._any = fernets[0], MultiFernet(fernets)


def _fernet(secret: str) -> Fernet:
    digest = hashlib.sha256(b"prompts-for-label-studio connections\0" + secret.encode())
    return Fernet(base64.urlsafe_b64encode(digest.digest()))
