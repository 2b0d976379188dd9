-- The comment of a previous version of the API says in two lines when it was deprecated and when it
-- ends: its answers carry both days.
select
    format('schema %s', schemas.nspname) as object,
    'its comment does not say when it was deprecated and when it ends' as problem,
    format(
        'write the lines "Deprecated: 2027-01-01" and "Sunset: 2027-07-01" in sql/%s/schema.sql',
        schemas.nspname
    ) as cure
from pg_catalog.pg_namespace as schemas
cross join
    lateral (
        select e'\n' || obj_description(schemas.oid, 'pg_namespace') || e'\n' as text
    ) as comments
where
    schemas.nspname ~ '^api_v[0-9]+$'
    and not coalesce(
        comments.text ~ '\nDeprecated: 2\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\n'
        and comments.text ~ '\nSunset: 2\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\n',
        false
    )
