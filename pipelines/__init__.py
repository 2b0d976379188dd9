"""Programs of jobs: each reads its inputs with the token of its job and submits its files.

They run in containers that have nothing of this project but this folder, so they use the standard
library alone.
"""
