-- Drop all code: views, functions and types of api and its versions, authz and internal, and the
-- triggers, policies and grants of the tables. What remains is tables with row-level security on
-- and nobody let in. Runs as aspen_owner with an empty search_path, inside the transaction that
-- loads the code again.
do $$
declare
    code_schemas constant text := '^(api(_v[0-9]+)?|authz|internal)$';
    table_schemas constant text := '^(aspen|api(_v[0-9]+)?|authz|internal)$';
    statement text;
begin
    -- The gate: the pre-request function reads one of these tables, jobs for a job's token, before
    -- a request touches anything else. Once they are ours no such request is under way and none
    -- starts, so that the locks below meet no request that holds one and wants another.
    foreach statement in array array(
        select pg_catalog.format('lock table %s in access exclusive mode', names.name)
        from unnest(array['aspen.users', 'aspen.jobs']) with ordinality as names (name, position)
        where pg_catalog.to_regclass(names.name) is not null
        order by names.position
    ) loop
        execute statement;
    end loop;

    -- Each list is complete before its first statement runs, for a view takes along what is built
    -- on it.
    foreach statement in array array(
        select
            pg_catalog.format(
                'drop view if exists %s cascade',
                relations.oid::pg_catalog.regclass
            )
        from pg_catalog.pg_class as relations
        where relations.relnamespace::pg_catalog.regnamespace::text ~ code_schemas
            and relations.relkind = 'v'
        order by 1
    ) loop
        execute statement;
    end loop;

    foreach statement in array array(
        select
            pg_catalog.format(
                'drop policy %I on %s',
                policies.polname,
                policies.polrelid::pg_catalog.regclass
            )
        from pg_catalog.pg_policy as policies
        inner join pg_catalog.pg_class as relations on policies.polrelid = relations.oid
        where relations.relnamespace::pg_catalog.regnamespace::text ~ table_schemas
        order by 1
    ) loop
        execute statement;
    end loop;

    foreach statement in array array(
        select
            pg_catalog.format(
                'drop trigger %I on %s',
                triggers.tgname,
                triggers.tgrelid::pg_catalog.regclass
            )
        from pg_catalog.pg_trigger as triggers
        inner join pg_catalog.pg_class as relations on triggers.tgrelid = relations.oid
        where relations.relnamespace::pg_catalog.regnamespace::text ~ table_schemas
            and triggers.tgparentid = 0
            and not triggers.tgisinternal
        order by 1
    ) loop
        execute statement;
    end loop;

    foreach statement in array array(
        select distinct
            pg_catalog.format(
                'revoke all on %s %s from %s',
                case relations.relkind when 'S' then 'sequence' else 'table' end,
                relations.oid::pg_catalog.regclass,
                case entries.grantee
                    when 0 then 'public' else entries.grantee::pg_catalog.regrole::text
                end
            )
        from pg_catalog.pg_class as relations
        inner join pg_catalog.pg_attribute as attributes on relations.oid = attributes.attrelid
        cross join lateral pg_catalog.aclexplode(relations.relacl || attributes.attacl) as entries
        where relations.relnamespace::pg_catalog.regnamespace::text ~ table_schemas
            and relations.relkind in ('r', 'p', 'S')
            and entries.grantee <> relations.relowner
        order by 1
    ) loop
        execute statement;
    end loop;

    foreach statement in array array(
        select
            pg_catalog.format(
                'drop routine if exists %s cascade',
                functions.oid::pg_catalog.regprocedure
            )
        from pg_catalog.pg_proc as functions
        where functions.pronamespace::pg_catalog.regnamespace::text ~ code_schemas
        order by 1
    ) loop
        execute statement;
    end loop;

    foreach statement in array array(
        select pg_catalog.format('drop type if exists %s cascade', types.oid::pg_catalog.regtype)
        from pg_catalog.pg_type as types
        left join pg_catalog.pg_class as relations on types.typrelid = relations.oid
        where types.typnamespace::pg_catalog.regnamespace::text ~ code_schemas
            and types.typtype in ('c', 'd', 'e', 'r')
            and coalesce(relations.relkind, 'c') = 'c'
        order by 1
    ) loop
        execute statement;
    end loop;
end
$$;
