"""Show the description of the API as a page in a browser, from which one can call the API."""
