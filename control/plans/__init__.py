"""Show what requests do in the database: statements of PostgREST, their plans and their costs."""
