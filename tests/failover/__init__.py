"""Take the primary away from a cluster in use, and see that nothing that was answered is lost."""
