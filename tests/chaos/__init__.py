"""Kill processes of the platform at random while jobs run, and look whether anything got lost."""
