"""Bringing a run's predictions to Label Studio, one per task and slot."""
