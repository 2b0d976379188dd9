"""Fetch the list of the lineages of a pathogen."""
