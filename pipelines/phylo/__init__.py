"""Build a phylogenetic tree with Augur, MAFFT, and IQ-TREE or FastTree."""
