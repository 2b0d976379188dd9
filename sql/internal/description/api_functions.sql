-- A function whose arguments have no names cannot be called by HTTP: it is a computed column, say.
-- "returns json" promises any value, so the comment says what. A function that returns */* names
-- its media types in its comment; if it names none, it answers JSON.
create or replace function internal.api_functions()
returns table (
    oid oid,
    name text,
    comment text,
    is_writing boolean,
    result_resource text,
    result_schema jsonb,
    media_types text[],
    arguments json,
    required_arguments json
)
language sql
stable
security invoker
begin atomic
    with own_functions as materialized (
        -- By an index; reading all functions of PostgreSQL takes several milliseconds.
        select links.objid as oid
        from pg_catalog.pg_namespace as schemas
        inner join pg_catalog.pg_depend as links
            on
                schemas.oid = links.refobjid
                and links.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                and links.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        where schemas.nspname = authz.api_version()
    )

    select
        functions.oid,
        functions.proname::text,
        comments.description,
        functions.provolatile = 'v' as is_writing,
        resources.relname::text,
        case
            when functions.prorettype = 'pg_catalog.void'::pg_catalog.regtype then null
            when written.typname like '%/%' then '{}'
            when functions.proretset
                then
                    pg_catalog.jsonb_build_object(
                        'type', 'array',
                        'items', coalesce(parts.result_row, results.schema, '{}')
                    )
            else coalesce(parts.result_row, results.schema, '{}')
        end as result_schema,
        case
            when written.typname <> '*/*' and written.typname like '%/%'
                then array[written.typname::text]
            when written.typname = '*/*'
                then
                    coalesce(
                        nullif(array(
                            select distinct found.match[1]
                            from
                                pg_catalog.regexp_matches(
                                    comments.description,
                                    '\m((?:application|text)/[a-z0-9][a-z0-9.+-]*[a-z0-9])\M', 'g'
                                ) as found (match)
                        ), '{}'),
                        array['application/json']
                    )
            else array['application/json']
        end as media_types,
        parts.arguments,
        parts.required_arguments
    from own_functions
    inner join pg_catalog.pg_proc as functions
        on own_functions.oid = functions.oid
    inner join pg_catalog.pg_type as written
        on functions.prorettype = written.oid
    left join pg_catalog.pg_class as resources
        on written.typrelid = resources.oid and resources.relkind = 'v'
    left join internal.api_types() as results
        on coalesce(nullif(written.typbasetype, 0), written.oid) = results.type_oid
    left join pg_catalog.pg_description as comments
        on
            functions.oid = comments.objoid
            and comments.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    cross join
        lateral (
            select ' ' || pg_catalog.translate(comments.description, E'\n', ' ') as line
        ) as commented
    cross join
        lateral (
            select
                coalesce(
                    pg_catalog.json_object_agg(
                        arguments.name,
                        pg_catalog.jsonb_strip_nulls(
                            coalesce(types.schema, '{}')
                            || pg_catalog.jsonb_build_object(
                                'description',
                                pg_catalog.rtrim(
                                    pg_catalog.split_part(
                                        pg_catalog.substr(
                                            commented.line,
                                            nullif(
                                                pg_catalog.strpos(
                                                    commented.line, ' ' || arguments.name || ': '
                                                ),
                                                0
                                            ) + pg_catalog.length(arguments.name) + 3
                                        ),
                                        '. ', 1
                                    ),
                                    '.'
                                ),
                                'default', internal.default_value(arguments.default_text)
                            )
                        )
                        order by arguments.position
                    ) filter (where arguments.mode in ('i', 'b', 'v')),
                    '{}'
                ) as arguments,
                pg_catalog.json_agg(arguments.name order by arguments.position)
                filter (where arguments.mode in ('i', 'b') and arguments.default_text is null)
                    as required_arguments,
                case
                    when pg_catalog.bool_or(arguments.mode = 't') then
                        pg_catalog.jsonb_build_object(
                            'type', 'object',
                            'properties',
                            pg_catalog.jsonb_object_agg(
                                arguments.name,
                                coalesce(types.schema, '{}')
                                || case
                                    when types.schema ? 'type'
                                        then
                                            pg_catalog.jsonb_build_object(
                                                'type',
                                                pg_catalog.jsonb_build_array(
                                                    types.schema -> 'type', 'null'
                                                )
                                            )
                                    else '{}'
                                end
                            ) filter (where arguments.mode = 't')
                        )
                end as result_row
            from (
                select
                    given.position,
                    given.type_oid,
                    functions.proargnames[given.position] as name,
                    coalesce(functions.proargmodes[given.position], 'i') as mode,
                    case
                        when functions.pronargdefaults > 0
                            then
                                pg_catalog.pg_get_function_arg_default(
                                    functions.oid, given.position::integer
                                )
                    end as default_text
                from
                    pg_catalog.unnest(
                        coalesce(functions.proallargtypes, functions.proargtypes::oid[])
                    ) with ordinality as given (type_oid, position)
            ) as arguments
            inner join pg_catalog.pg_type as taken
                on arguments.type_oid = taken.oid
            left join internal.api_types() as types
                on coalesce(nullif(taken.typbasetype, 0), taken.oid) = types.type_oid
            where arguments.name <> ''
        ) as parts
    where
        functions.prokind = 'f'
        and pg_catalog.has_function_privilege(functions.oid, 'execute')
        and functions.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
        and (functions.pronargs = 0 or functions.proargnames[1] <> '');
end;

comment on function internal.api_functions() is $$Functions that the caller may call by HTTP

With their arguments as properties of a JSON Schema, and what they return.$$;

revoke all on function internal.api_functions() from public;
grant execute on function internal.api_functions() to anon, member, operator, job;
