"""Commands for who runs the server: keys, the audit log, erasing."""
