-- An extension keeps the functions of an older version until it is updated, also after the server
-- is.
-- Fix: alter extension … update, as administrator.
select
    extensions.extname::text as object,
    format(
        'is at %s, the server has %s', extensions.extversion, available.default_version
    ) as problem,
    format('alter extension %I update', extensions.extname) as cure
from pg_catalog.pg_extension as extensions
inner join pg_catalog.pg_available_extensions as available
    on extensions.extname = available.name
where extensions.extversion <> available.default_version
