"""Back up and restore the database, its objects and, if asked for, the keys."""
