-- Policies compare with functions that the planner can inline, and hold no sub-select: it cannot
-- look inside either, and in a sub-select other tables' policies would apply. A function is inlined
-- if it is stable SQL without a `set` clause and the role may execute it; an immutable one without
-- arguments is replaced by its value. No policy spells a setting out, so that each is read in one
-- place, but those of rows of samples, which sql/structure.sql writes: there it is a third of the
-- planning. job_runner alone has a list in its policies: the inputs of one job, which its policy on
-- the list shows.
-- Fix: compare with authz.any_groups(), full_groups() or another function of authz that is inlined.
select format('%s on %s', policies.polname, policies.polrelid::regclass) as object
from pg_catalog.pg_policy as policies
cross join
    lateral (
        select concat(
            pg_get_expr(policies.polqual, policies.polrelid),
            pg_get_expr(policies.polwithcheck, policies.polrelid)
        ) as text
    ) as expression
where
    expression.text ~* '\mcurrent_setting\M'
    and expression.text !~ '^\s*CASE authz\.planned_for\(\)'
    or expression.text ~* '\mselect\M' and policies.polroles <> array['job_runner'::regrole::oid]
    or exists (
        select from pg_catalog.pg_depend as links
        inner join pg_catalog.pg_proc as functions on links.refobjid = functions.oid
        inner join pg_catalog.pg_language as languages on functions.prolang = languages.oid
        where
            links.classid = 'pg_catalog.pg_policy'::regclass
            and links.objid = policies.oid
            and links.refclassid = 'pg_catalog.pg_proc'::regclass
            and (
                not (
                    languages.lanname = 'sql'
                    and functions.provolatile <> 'v'
                    and functions.proconfig is null
                    and not functions.prosecdef
                    and not functions.proisstrict
                    or functions.provolatile = 'i'
                    and functions.pronargs = 0
                )
                or exists (
                    select from unnest(policies.polroles) as roles (oid)
                    where not has_function_privilege(roles.oid, functions.oid, 'execute')
                )
            )
    )
