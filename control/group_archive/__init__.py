"""Export a whole group as one verified archive, import it as a new group, and erase a group."""
