"""Change a platform in use, and see that nobody who uses it notices."""
