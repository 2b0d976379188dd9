-- The next number of a sequence tells how much others store.
select
    format('%s by %s', sequences.oid::regclass, roles.rolname) as object,
    'its next number tells how much others store' as problem,
    format('revoke all on sequence %s from %I, public', sequences.oid::regclass, roles.rolname)
        as cure
from pg_catalog.pg_class as sequences
cross join pg_catalog.pg_roles as roles
where
    sequences.relkind = 'S'
    and roles.rolname in ('authenticator', 'anon', 'member', 'operator', 'job', 'analyst')
    and has_sequence_privilege(roles.oid, sequences.oid, 'usage, select, update')
