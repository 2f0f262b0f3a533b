"""What whoever runs the server, or owns the organization, looks after: the audit log, erasing."""
