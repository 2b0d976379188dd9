"""Look for what is wrong with a database: by its catalogue, its plans and the text of functions."""
