-- Write the views of api as statements that make them in the schema of a version, over those of
-- api.
with roles as (
    select
        relations.oid,
        columns.attname,
        entries.privilege_type,
        entries.grantee::pg_catalog.regrole::text as grantee
    from pg_catalog.pg_class as relations
    left join pg_catalog.pg_attribute as columns
        on relations.oid = columns.attrelid and columns.attnum > 0 and columns.attacl is not null
    cross join lateral pg_catalog.aclexplode(columns.attacl) as entries
    union all
    select
        relations.oid,
        null as attname,
        entries.privilege_type,
        entries.grantee::pg_catalog.regrole::text
    from pg_catalog.pg_class as relations
    cross join lateral pg_catalog.aclexplode(relations.relacl) as entries
    where entries.grantee <> relations.relowner
)

select
    views.relname as name,
    pg_catalog.obj_description(views.oid, 'pg_class') as comment,
    (
        select
            pg_catalog.json_agg(
                pg_catalog.json_build_object(
                    'name', pg_catalog.quote_ident(columns.attname),
                    'comment', pg_catalog.col_description(views.oid, columns.attnum),
                    'default', pg_catalog.pg_get_expr(defaults.adbin, defaults.adrelid)
                )
                order by columns.attnum
            )
        from pg_catalog.pg_attribute as columns
        left join pg_catalog.pg_attrdef as defaults
            on columns.attrelid = defaults.adrelid and columns.attnum = defaults.adnum
        where columns.attrelid = views.oid and columns.attnum > 0
    ) as columns,
    (
        select pg_catalog.json_agg(grants.text order by grants.text)
        from (
            select
                pg_catalog.string_agg(verbs.text, ', ' order by verbs.text) || ' on %s to '
                || verbs.grantee as text
            from (
                select
                    roles.grantee,
                    pg_catalog.lower(roles.privilege_type)
                    || coalesce(
                        ' ('
                        || pg_catalog.string_agg(
                            pg_catalog.quote_ident(roles.attname), ', ' order by roles.attname
                        )
                        || ')',
                        ''
                    ) as text
                from roles
                where roles.oid = views.oid and roles.grantee <> 'aspen_owner'
                group by roles.grantee, roles.privilege_type
            ) as verbs
            group by verbs.grantee
        ) as grants
    ) as grants
from pg_catalog.pg_class as views
where views.relnamespace = 'api'::pg_catalog.regnamespace and views.relkind = 'v';
