-- One of the columns that a policy compares leads an index.
-- Fix: create an index that begins with a column of the policy, in sql/tables/ and in a migration.
select format('%s on %s', policies.polname, policies.polrelid::regclass) as object
from pg_catalog.pg_policy as policies
inner join pg_catalog.pg_depend as uses
    on
        uses.classid = 'pg_catalog.pg_policy'::regclass
        and policies.oid = uses.objid
        and uses.refclassid = 'pg_catalog.pg_class'::regclass
        and policies.polrelid = uses.refobjid
        and uses.refobjsubid > 0
group by policies.oid, policies.polname, policies.polrelid
having not exists (
    select from pg_catalog.pg_index as indexes
    where
        indexes.indrelid = policies.polrelid
        and indexes.indkey[0] = any(array_agg(uses.refobjsubid))
)
