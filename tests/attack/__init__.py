"""A campaign of attacks on a whole stack of its own: `make attack`, or `python -m tests.attack`."""
