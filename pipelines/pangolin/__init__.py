"""Call lineages with pangolin, in the image docker.io/staphb/pangolin."""
