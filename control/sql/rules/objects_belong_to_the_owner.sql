-- Everything is owned by aspen_owner, on whom row-level security is forced; definer functions by
-- their own role.
select
    objects.name as object,
    'is not owned by aspen_owner, on whom row-level security is forced' as problem,
    'hand it over: alter … owner to aspen_owner' as cure
from (
    select
        relations.oid::regclass::text as name,
        relations.relowner as owner
    from pg_catalog.pg_class as relations
    where relations.relnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    union all
    select
        functions.oid::regprocedure::text,
        functions.proowner
    from pg_catalog.pg_proc as functions
    where
        functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
        and not functions.prosecdef
    union all
    select
        format('schema %s', schemas.nspname) as name,
        schemas.nspowner
    from pg_catalog.pg_namespace as schemas
    where schemas.nspname ~ '^(aspen|authz|internal|api(_v[0-9]+)?|ext)$'
) as objects
where objects.owner <> 'aspen_owner'::regrole
