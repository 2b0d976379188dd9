"""Backups: one directory that holds the database, its objects and, when asked for, the keys."""
