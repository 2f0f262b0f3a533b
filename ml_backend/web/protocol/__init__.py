"""What Label Studio's ML backend connection and webhooks talk to."""
