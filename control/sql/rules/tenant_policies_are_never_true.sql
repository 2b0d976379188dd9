-- Only operators, the lookups behind a request, what follows a change of any row and what counts
-- rows see those of a table with a group_id whatever the group.
select
    format('%s on %s', policies.polname, policies.polrelid::regclass) as object,
    'lets its roles see or write rows of every group' as problem,
    'compare group_id with the groups of the caller, as the other policies do' as cure
from pg_catalog.pg_policy as policies
inner join pg_catalog.pg_attribute as columns
    on policies.polrelid = columns.attrelid and columns.attname = 'group_id'
where
    'true' in (
        pg_get_expr(policies.polqual, policies.polrelid),
        pg_get_expr(policies.polwithcheck, policies.polrelid)
    )
    and exists (
        select from unnest(policies.polroles) as named (oid)
        where
            named.oid::regrole::text not in (
                'operator', 'claims_reader', 'auditor', 'registrar', 'results_keeper', 'observer'
            )
    )
