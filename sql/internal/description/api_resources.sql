-- Everything that is said of columns is collected here, because reading them takes a third of the
-- time of a description.
create or replace function internal.api_resources()
returns table (
    name text,
    comment text,
    is_read boolean,
    is_inserted boolean,
    is_updated boolean,
    is_deleted boolean,
    media_types text[],
    row_schema json,
    insert_schema json,
    update_schema json,
    parameters jsonb,
    parameter_references jsonb,
    manual_lines text
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
    ),

    handlers as materialized (
        select
            aggregates.proargtypes[0] as row_type,
            pg_catalog.array_agg(types.typname::text order by types.typname) as media_types
        from own_functions
        inner join pg_catalog.pg_proc as aggregates
            on own_functions.oid = aggregates.oid and aggregates.prokind = 'a'
        inner join pg_catalog.pg_type as types
            on aggregates.prorettype = types.oid
        where
            types.typname like '%/%'
            and pg_catalog.has_function_privilege(aggregates.oid, 'execute')
        group by aggregates.proargtypes[0]
    ),

    columns as (
        select
            columns.resource_oid,
            columns.name,
            columns.place,
            columns.comment,
            columns.is_read,
            columns.is_inserted,
            columns.is_updated,
            columns.is_required,
            columns.operators,
            columns.example,
            columns.default_value,
            coalesce(
                columns.schema ->> 'format', columns.schema ->> 'type', 'JSON'
            ) as type_name,
            -- A masked column is null for some readers, and still required of writers.
            columns.schema
            || pg_catalog.jsonb_build_object('description', columns.comment) as strict_schema,
            columns.schema
            || pg_catalog.jsonb_build_object('description', columns.comment)
            || case
                when columns.is_nullable and columns.schema ? 'type'
                    then
                        pg_catalog.jsonb_build_object(
                            'type',
                            pg_catalog.jsonb_build_array(columns.schema -> 'type', 'null')
                        )
                else '{}'
            end
            || case
                when columns.is_nullable and columns.schema ? 'enum'
                    then
                        pg_catalog.jsonb_build_object('enum', columns.schema -> 'enum' || 'null')
                else '{}'
            end as schema
        from internal.api_columns() as columns
    ),

    described as (
        select
            columns.resource_oid,
            pg_catalog.json_object_agg(
                columns.name,
                columns.schema
                || case
                    when columns.is_inserted or columns.is_updated then '{}'
                    else '{"readOnly": true}'::jsonb
                end
                order by columns.place
            ) filter (where columns.is_read) as row_properties,
            pg_catalog.json_object_agg(
                columns.name,
                case
                    when columns.is_required then columns.strict_schema
                    else columns.schema
                end
                || case
                    when columns.default_value is null then '{}'
                    else pg_catalog.jsonb_build_object('default', columns.default_value)
                end
                order by columns.place
            ) filter (where columns.is_inserted) as insert_properties,
            pg_catalog.json_agg(columns.name order by columns.place)
            filter (where columns.is_inserted and columns.is_required) as required,
            pg_catalog.json_object_agg(
                columns.name,
                case
                    when columns.is_required then columns.strict_schema
                    else columns.schema
                end
                order by columns.place
            ) filter (where columns.is_updated) as update_properties,
            pg_catalog.jsonb_object_agg(
                views.relname || '.' || columns.name,
                pg_catalog.jsonb_build_object(
                    'name', columns.name,
                    'in', 'query',
                    'description', 'Rows whose ' || columns.name || ' fits: operator.value',
                    'schema',
                    pg_catalog.jsonb_build_object(
                        'type', 'string',
                        'pattern', pg_catalog.format('^(not\.)?(%s)\.', columns.operators)
                    ),
                    'example', columns.example
                )
            ) filter (where columns.is_read) as parameters,
            pg_catalog.jsonb_agg(
                pg_catalog.jsonb_build_object(
                    '$ref',
                    pg_catalog.format('#/components/parameters/%s.%s', views.relname, columns.name)
                )
                order by columns.place
            ) filter (where columns.is_read) as parameter_references,
            pg_catalog.string_agg(
                pg_catalog.format(
                    '- `%s`%s %s: %s',
                    columns.name,
                    case when columns.is_inserted or columns.is_updated then '*' else '' end,
                    columns.type_name,
                    pg_catalog.regexp_replace(columns.comment, '\n+', '. ')
                ),
                E'\n' order by columns.place
            ) as manual_lines
        from columns
        inner join pg_catalog.pg_class as views
            on columns.resource_oid = views.oid
        group by columns.resource_oid
    )

    select
        views.relname::text,
        comments.description,
        pg_catalog.has_any_column_privilege(views.oid, 'select') as is_read,
        pg_catalog.has_any_column_privilege(views.oid, 'insert') as is_inserted,
        pg_catalog.has_any_column_privilege(views.oid, 'update') as is_updated,
        pg_catalog.has_table_privilege(views.oid, 'delete') as is_deleted,
        coalesce(handlers.media_types, '{}') as media_types,
        -- A client may ask for some of the columns, so none is required.
        pg_catalog.json_build_object(
            'type', 'object', 'properties', coalesce(described.row_properties, '{}')
        ) as row_schema,
        pg_catalog.json_build_object(
            'type', 'object',
            'properties', coalesce(described.insert_properties, '{}'),
            'required', coalesce(described.required, '[]'),
            'additionalProperties', false
        ) as insert_schema,
        pg_catalog.json_build_object(
            'type', 'object',
            'properties', coalesce(described.update_properties, '{}'),
            'additionalProperties', false
        ) as update_schema,
        coalesce(described.parameters, '{}') as parameters,
        coalesce(described.parameter_references, '[]') as parameter_references,
        described.manual_lines
    from described
    inner join pg_catalog.pg_class as views
        on described.resource_oid = views.oid
    left join handlers
        on views.reltype = handlers.row_type
    left join pg_catalog.pg_description as comments
        on
            views.oid = comments.objoid
            and comments.objsubid = 0
            and comments.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass;
end;

comment on function internal.api_resources() is $$Resources that the caller may use

With the verbs of the caller's role, media types beside JSON and CSV, JSON Schemas of a row and of
what a client may write, and filters as OpenAPI parameters.$$;

revoke all on function internal.api_resources() from public;
grant execute on function internal.api_resources() to anon, member, operator, job;
