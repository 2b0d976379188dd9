-- A row that another transaction wrote has another xmin, and so the sums are others. Partitions do
-- not count: they come and go with data. PostgreSQL's own objects have lower numbers.
create or replace function internal.catalog_state()
returns text
language sql
stable
security invoker
begin atomic
    with relations as materialized (
        select
            relations.oid,
            relations.relacl::text as rights,
            case relations.relkind when 'v' then relations.xmin end as written_by
        from pg_catalog.pg_class as relations
        inner join pg_catalog.pg_namespace as schemas
            on relations.relnamespace = schemas.oid
        where
            relations.oid >= 16384
            and schemas.nspname in ('api', 'aspen')
            and relations.relkind in ('v', 'r', 'p')
            and not relations.relispartition
    ),

    written as (
        select
            'relation' as part,
            relations.oid::bigint as object_id,
            relations.written_by::text::bigint as writer_id
        from relations
        union all
        select
            'column' as part,
            columns.attrelid::bigint as object_id,
            columns.xmin::text::bigint as writer_id
        from relations
        inner join pg_catalog.pg_attribute as columns
            on relations.oid = columns.attrelid and columns.attnum > 0
        union all
        select
            'default' as part,
            defaults.oid::bigint as object_id,
            defaults.xmin::text::bigint as writer_id
        from relations
        inner join pg_catalog.pg_attrdef as defaults
            on relations.oid = defaults.adrelid
        union all
        select
            'check' as part,
            checks.oid::bigint as object_id,
            checks.xmin::text::bigint as writer_id
        from relations
        inner join pg_catalog.pg_constraint as checks
            on relations.oid = checks.conrelid and checks.contype = 'c'
        union all
        select
            'trigger' as part,
            triggers.oid::bigint as object_id,
            triggers.xmin::text::bigint as writer_id
        from relations
        inner join pg_catalog.pg_trigger as triggers
            on relations.oid = triggers.tgrelid and not triggers.tgisinternal
        union all
        select
            'relation comment' as part,
            comments.objoid::bigint as object_id,
            comments.xmin::text::bigint as writer_id
        from relations
        inner join pg_catalog.pg_description as comments
            on
                relations.oid = comments.objoid
                and comments.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
        union all
        select
            'function' as part,
            functions.oid::bigint as object_id,
            functions.xmin::text::bigint as writer_id
        from pg_catalog.pg_proc as functions
        where functions.oid >= 16384
        union all
        select
            'function comment' as part,
            comments.objoid::bigint as object_id,
            comments.xmin::text::bigint as writer_id
        from pg_catalog.pg_description as comments
        where
            comments.objoid >= 16384
            and comments.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        union all
        select
            'domain' as part,
            domains.oid::bigint as object_id,
            domains.xmin::text::bigint as writer_id
        from pg_catalog.pg_type as domains
        where domains.oid >= 16384 and domains.typtype = 'd'
        union all
        select
            'schema comment' as part,
            comments.objoid::bigint as object_id,
            comments.xmin::text::bigint as writer_id
        from pg_catalog.pg_description as comments
        where comments.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        union all
        select
            'member' as part,
            members.roleid::bigint as object_id,
            members.xmin::text::bigint as writer_id
        from pg_catalog.pg_auth_members as members
    )

    select
        pg_catalog.md5(
            pg_catalog.concat_ws(
                ' ',
                (
                    select pg_catalog.string_agg(relations.rights, ' ' order by relations.oid)
                    from relations
                ),
                (
                    select pg_catalog.string_agg(parts.state, ' ' order by parts.part)
                    from (
                        select
                            written.part,
                            pg_catalog.concat_ws(
                                '/',
                                written.part,
                                count(*),
                                sum((written.object_id % 65537 + 1) * written.writer_id)
                            ) as state
                        from written
                        group by written.part
                    ) as parts
                )
            )
        );
end;

comment on function internal.catalog_state() is $$A text that changes with what the API description is made of

Resources, columns, functions, comments and rights. Used to tell whether aspen.api_descriptions is
up to date, whoever changed the catalogue and in whatever way.$$;

revoke all on function internal.catalog_state() from public;
grant execute on function internal.catalog_state() to anon, member, operator, job;
