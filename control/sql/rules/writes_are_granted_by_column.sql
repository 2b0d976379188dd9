-- insert and update on a table are granted for listed columns: a new column is not writable by
-- accident.
select
    format(
        '%s: %s to %s', tables.oid::regclass, privileges.privilege_type, privileges.grantee::regrole
    ) as object,
    'granted for the whole table, so that a new column is writable at once' as problem,
    'grant it for listed columns: grant update (name) on …' as cure
from pg_catalog.pg_class as tables
cross join aclexplode(tables.relacl) as privileges
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and privileges.grantee <> tables.relowner
    and privileges.privilege_type in ('INSERT', 'UPDATE')
