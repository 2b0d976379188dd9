"""Back up and restore: one directory holds the database, its objects and, if asked for, the keys."""
