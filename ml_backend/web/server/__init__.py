"""The server itself: process, identity of callers, errors, logs and figures."""
