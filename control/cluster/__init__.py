"""Run a cluster on this machine: primary and replicas, kept by Patroni, and the API."""
