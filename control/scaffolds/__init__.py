"""Scaffold what a new function, view or table of the API needs, from templates."""
