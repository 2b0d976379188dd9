-- Describe what the safety rules can see of tables, sequences and schemas, as text; rights on
-- tables are among the code (code_objects.sql).
with schemas as (
    select
        namespaces.oid,
        namespaces.nspname,
        namespaces.nspowner,
        namespaces.nspacl
    from pg_catalog.pg_namespace as namespaces
    where namespaces.nspname ~ '^(aspen|api(_v[0-9]+)?|authz|internal)$'
)

select
    relations.oid::pg_catalog.regclass::text as name,
    pg_catalog.concat_ws(
        e'\n',
        relations.relkind,
        relations.relpersistence,
        relations.relowner::pg_catalog.regrole,
        relations.reloptions,
        (
            select
                pg_catalog.string_agg(
                    pg_catalog.concat_ws(
                        ' ',
                        attributes.attname,
                        pg_catalog.format_type(attributes.atttypid, attributes.atttypmod),
                        attributes.attnotnull,
                        attributes.attidentity,
                        attributes.attgenerated,
                        pg_catalog.pg_get_expr(defaults.adbin, defaults.adrelid)
                    ),
                    ', ' order by attributes.attname
                )
            from pg_catalog.pg_attribute as attributes
            left join pg_catalog.pg_attrdef as defaults
                on attributes.attrelid = defaults.adrelid and attributes.attnum = defaults.adnum
            where
                attributes.attrelid = relations.oid
                and attributes.attnum > 0
                and not attributes.attisdropped
        ),
        (
            select
                pg_catalog.string_agg(
                    pg_catalog.concat_ws(
                        ' ',
                        constraints.conname,
                        constraints.convalidated,
                        pg_catalog.pg_get_constraintdef(constraints.oid)
                    ),
                    ', ' order by constraints.conname
                )
            from pg_catalog.pg_constraint as constraints
            where constraints.conrelid = relations.oid
        ),
        (
            select
                pg_catalog.string_agg(
                    pg_catalog.pg_get_indexdef(indexes.indexrelid), ', '
                    order by indexes.indexrelid::pg_catalog.regclass::text
                )
            from pg_catalog.pg_index as indexes
            where indexes.indrelid = relations.oid
        ),
        (
            select
                pg_catalog.string_agg(
                    parents.inhparent::pg_catalog.regclass::text, ', '
                    order by parents.inhparent::pg_catalog.regclass::text
                )
            from pg_catalog.pg_inherits as parents
            where parents.inhrelid = relations.oid
        )
    ) as structure
from pg_catalog.pg_class as relations
inner join schemas on relations.relnamespace = schemas.oid
-- The views are code, the indexes are with their tables.
where relations.relkind not in ('v', 'i', 'I')
union all
select
    'schema ' || schemas.nspname as name,
    pg_catalog.concat_ws(
        e'\n',
        schemas.nspowner::pg_catalog.regrole,
        (
            select
                pg_catalog.string_agg(
                    pg_catalog.concat_ws(
                        ' ',
                        entries.grantee::pg_catalog.regrole,
                        entries.privilege_type,
                        entries.is_grantable
                    ),
                    ', ' order by entries.grantee, entries.privilege_type
                )
            from pg_catalog.aclexplode(schemas.nspacl) as entries
        )
    ) as structure
from schemas;
