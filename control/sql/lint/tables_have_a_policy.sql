-- A table with row-level security and no policy is empty for everyone but control. The tables that
-- are meant to be so are listed here.
-- Level: info
-- Fix: write its policies in sql/policies/<table>.sql, or list the table here with the reason.
select tables.oid::regclass::text as object
from pg_catalog.pg_class as tables
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and not tables.relispartition
    and tables.relrowsecurity
    and not exists (
        select from pg_catalog.pg_policy as policies
        where policies.polrelid = tables.oid
    )
    -- What constraints refer to, and how far the control plane has counted.
    and tables.relname not in ('job_output_kinds', 'log_positions')
