"""From one task to its outcome: the request, the calls, the answer."""
