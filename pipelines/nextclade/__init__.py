"""Judge and align genomes with Nextclade, in the image docker.io/nextstrain/nextclade."""
