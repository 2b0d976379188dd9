-- Which rows: row-level security of each table, and one policy a line.
select
    format(
        '%s: row-level security %s%s',
        tables.oid::regclass,
        case when tables.relrowsecurity then 'on' else 'off' end,
        case when tables.relforcerowsecurity then ', forced' else '' end
    ) as fact
from pg_catalog.pg_class as tables
where tables.relnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?|control)$'
    and tables.relkind in ('r', 'p')
union
select
    format(
        '%s: %s: %s for %s to %s%s%s',
        policies.polrelid::regclass,
        policies.polname,
        case when policies.polpermissive then 'permissive' else 'restrictive' end,
        case policies.polcmd
            when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
            when 'd' then 'delete' else 'all'
        end,
        (
            select
                string_agg(
                    case grantees.oid when 0 then 'public' else grantees.oid::regrole::text end, ', '
                    order by grantees.oid::regrole::text
                )
            from unnest(policies.polroles) as grantees (oid)
        ),
        ' using ' || regexp_replace(
            pg_get_expr(policies.polqual, policies.polrelid), '\s+', ' ', 'g'
        ),
        ' check ' || regexp_replace(
            pg_get_expr(policies.polwithcheck, policies.polrelid), '\s+', ' ', 'g'
        )
    )
from pg_catalog.pg_policy as policies
