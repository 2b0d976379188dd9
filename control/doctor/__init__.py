"""Look at an environment from end to end: what is well, what is not, and what to do about it."""
