"""Show Prometheus what the database, the access log and the parts of the platform say."""
