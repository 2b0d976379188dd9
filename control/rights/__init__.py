"""Answer who may do what with a row, and which rule says so."""
