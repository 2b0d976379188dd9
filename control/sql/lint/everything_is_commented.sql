-- The first line of a comment is a summary: at most 72 characters, no full stop, then an empty line
-- or the end. Tables are seen in psql alone, which has room for 80.
-- Fix: write `comment on` in the file of the object.
select objects.name as object
from (
    select
        format('role %s', roles.rolname) as name,
        shobj_description(roles.oid, 'pg_authid') as comment
    from pg_catalog.pg_roles as roles
    where
        roles.rolname in (
            'aspen_owner', 'authenticator', 'anon', 'member', 'operator', 'job', 'control',
            'analyst', 'claims_reader', 'api_writer', 'auditor', 'job_runner', 'presigner',
            'registrar', 'results_keeper', 'observer'
        )
    union all
    select
        format('schema %s', schemas.nspname) as name,
        obj_description(schemas.oid, 'pg_namespace') as comment
    from pg_catalog.pg_namespace as schemas
    where schemas.nspname ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    union all
    select
        relations.oid::regclass::text,
        obj_description(relations.oid, 'pg_class') as comment
    from pg_catalog.pg_class as relations
    where
        relations.relnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
        and relations.relkind in ('r', 'p', 'v')
    union all
    select
        format('%s.%s', columns.attrelid::regclass, columns.attname) as name,
        col_description(columns.attrelid, columns.attnum) as comment
    from pg_catalog.pg_attribute as columns
    inner join pg_catalog.pg_class as views
        on columns.attrelid = views.oid
    where
        views.relnamespace::regnamespace::text ~ '^api(_v[0-9]+)?$'
        and views.relkind = 'v'
        and columns.attnum > 0
    union all
    select
        functions.oid::regprocedure::text,
        obj_description(functions.oid, 'pg_proc') as comment
    from pg_catalog.pg_proc as functions
    where functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    union all
    select
        domains.oid::regtype::text,
        obj_description(domains.oid, 'pg_type') as comment
    from pg_catalog.pg_type as domains
    where
        domains.typnamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
        and domains.typtype = 'd'
    union all
    select
        format('%s on %s', policies.polname, policies.polrelid::regclass) as name,
        obj_description(policies.oid, 'pg_policy') as comment
    from pg_catalog.pg_policy as policies
) as objects
where
    coalesce(objects.comment, '') !~ '\A[^\n]{0,79}[^\n.](\Z|\n\n)'
    or length(split_part(objects.comment, e'\n', 1)) > 72 and objects.name not like 'aspen.%'
