"""Fetch what a repository publishes of a pathogen, bring it into one form, and align it."""
