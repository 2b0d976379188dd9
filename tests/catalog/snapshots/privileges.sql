-- Who may do what by privilege: one grant a line, columns on lines of their own. What an owner may do
-- with its own objects is left out; a function that is not aspen_owner's names its owner.
with ours as (
    select schemas.oid, schemas.nspname, schemas.nspacl, schemas.nspowner
    from pg_catalog.pg_namespace as schemas
    where schemas.nspname ~ '^(aspen|authz|internal|api(_v[0-9]+)?|ext|control|public)$'
),

grants as (
    select
        format('schema %I', ours.nspname) as object,
        ours.nspowner as owner,
        coalesce(ours.nspacl, acldefault('n', ours.nspowner)) as acl
    from ours
    union all
    select
        format(
            '%s %s',
            case relations.relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end,
            relations.oid::regclass
        ),
        relations.relowner,
        relations.relacl
    from pg_catalog.pg_class as relations
    inner join ours on relations.relnamespace = ours.oid
    where relations.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select
        format('column %s.%I', relations.oid::regclass, columns.attname),
        relations.relowner,
        columns.attacl
    from pg_catalog.pg_attribute as columns
    inner join pg_catalog.pg_class as relations on columns.attrelid = relations.oid
    inner join ours on relations.relnamespace = ours.oid
    where columns.attacl is not null
    union all
    select
        format('function %s', functions.oid::regprocedure),
        functions.proowner,
        coalesce(functions.proacl, acldefault('f', functions.proowner))
    from pg_catalog.pg_proc as functions
    inner join ours on functions.pronamespace = ours.oid
    where ours.nspname not in ('ext', 'public') and functions.proname !~ '^loaded_'
    union all
    select
        format('domain %s', domains.oid::regtype),
        domains.typowner,
        coalesce(domains.typacl, acldefault('T', domains.typowner))
    from pg_catalog.pg_type as domains
    inner join ours on domains.typnamespace = ours.oid
    where domains.typtype = 'd'
    union all
    select
        format(
            'default for what %s makes%s: %s',
            defaults.defaclrole::regrole,
            ' in ' || nullif(defaults.defaclnamespace, 0)::regnamespace,
            case defaults.defaclobjtype
                when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
                when 'T' then 'types' when 'n' then 'schemas' else 'others'
            end
        ),
        defaults.defaclrole,
        defaults.defaclacl
    from pg_catalog.pg_default_acl as defaults
)

select
    format(
        '%s: %s to %s%s',
        grants.object,
        lower(entries.privilege_type),
        case entries.grantee when 0 then 'public' else entries.grantee::regrole::text end,
        case when entries.is_grantable then ', who may pass it on' else '' end
    ) as fact
from grants
cross join lateral aclexplode(grants.acl) as entries
where entries.grantee <> grants.owner
union
select format('function %s: owned by %s', functions.oid::regprocedure, functions.proowner::regrole)
from pg_catalog.pg_proc as functions
inner join ours on functions.pronamespace = ours.oid
where ours.nspname <> 'ext' and functions.proowner <> 'aspen_owner'::regrole
union
select format('role %s: granted to %s', members.roleid::regrole, members.member::regrole)
from pg_catalog.pg_auth_members as members
inner join pg_catalog.pg_roles as roles on members.member = roles.oid
where roles.rolname !~ '^pg_' and not roles.rolsuper
