"""Sending tasks to people: tabs of the Data Manager that name them, the batch to review first."""
