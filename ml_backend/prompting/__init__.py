"""Prompt texts: templates with task data put in, and the messages a model gets.

Pure: knows neither labeling configs nor models; descriptions and inputs come in as text.
"""
