"""Which model?"""
