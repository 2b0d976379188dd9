-- No policy holds a sub-select: the planner cannot look inside, and other tables' policies would apply.
select format('%s on %s', policies.polname, policies.polrelid::regclass) as offender
from pg_catalog.pg_policy as policies
where
    concat(
        pg_get_expr(policies.polqual, policies.polrelid), pg_get_expr(policies.polwithcheck, policies.polrelid)
    ) ~* '\mselect\M'
