-- A policy that is always true for a write leaves the decision to the grant alone. Operators keep
-- the reference data, and what follows a change of any row is written whoever made it.
-- Fix: compare with the caller in the policy, in sql/policies/<table>.sql.
select
    format('%s on %s', policies.polname, policies.polrelid::regclass) as object,
    'lets its roles write any row' as problem,
    'compare with the caller, or name operator alone' as cure
from pg_catalog.pg_policy as policies
where
    policies.polpermissive
    and policies.polcmd <> 'r'
    -- Rows of groups have a rule of their own: tenant_policies_are_never_true.
    and not exists (
        select from pg_catalog.pg_attribute as columns
        where columns.attrelid = policies.polrelid and columns.attname = 'group_id'
    )
    and 'true' in (
        pg_get_expr(policies.polqual, policies.polrelid),
        pg_get_expr(policies.polwithcheck, policies.polrelid)
    )
    -- The function that inserts a place checks it first, and stores each once.
    and policies.polname <> 'locations_insert_writer'
    and exists (
        select from unnest(policies.polroles) as named (oid)
        where
            named.oid = 0
            or named.oid::regrole::text not in (
                'operator', 'claims_reader', 'auditor', 'registrar', 'results_keeper'
            )
    )
