-- List the policies of a table that speak of a command of a role, as expressions to ask of its
-- rows. A view that writes by a definer's trigger is written as that definer.
with writer as (
    select coalesce(
        (
            select functions.proowner
            from pg_catalog.pg_trigger as triggers
            inner join pg_catalog.pg_proc as functions on triggers.tgfoid = functions.oid
            where
                triggers.tgrelid = %(view)s::pg_catalog.regclass
                and triggers.tgtype & 64 = 64
                and triggers.tgtype & %(event)s > 0
                and functions.prosecdef
            order by triggers.tgname
            limit 1
        ),
        %(role)s::pg_catalog.regrole::oid
    ) as oid
)

select
    policies.polname as name,
    policies.polpermissive as is_permissive,
    pg_catalog.regexp_replace(
        pg_catalog.pg_get_expr(
            case when %(code)s = 'a' then policies.polwithcheck else policies.polqual end,
            policies.polrelid
        ),
        'CURRENT_USER',
        pg_catalog.quote_literal(pg_catalog.pg_get_userbyid(writer.oid)) || '::name',
        'g'
    ) as expression,
    pg_catalog.pg_get_userbyid(writer.oid) as role
from writer
left join pg_catalog.pg_policy as policies
    on
        policies.polrelid = %(table)s::pg_catalog.regclass
        and policies.polcmd in (%(code)s, '*')
        and exists (
            select from unnest(policies.polroles) as named (oid)
            where named.oid = 0 or pg_catalog.pg_has_role(writer.oid, named.oid, 'usage')
        )
order by policies.polpermissive, policies.polname
