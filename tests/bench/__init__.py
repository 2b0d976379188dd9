"""The benchmarks: each measures two sides in one run and prints their ratio. `make bench`."""
