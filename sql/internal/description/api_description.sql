-- Plans are kept by api.openapi(): planning would take as long as all the rest.
create or replace function internal.api_description()
returns json
language sql
stable
security invoker
begin atomic
    with resources as materialized (
        select
            resources.name,
            resources.comment,
            resources.is_read,
            resources.is_inserted,
            resources.is_updated,
            resources.is_deleted,
            resources.media_types,
            resources.row_schema,
            resources.insert_schema,
            resources.update_schema,
            resources.parameters,
            resources.parameter_references,
            pg_catalog.jsonb_build_object(
                '$ref', '#/components/schemas/' || resources.name
            ) as row_reference
        from internal.api_resources() as resources
    ),

    functions as materialized (
        select
            functions.name,
            functions.comment,
            functions.is_writing,
            functions.result_resource,
            functions.result_schema,
            functions.media_types,
            functions.arguments,
            functions.required_arguments
        from internal.api_functions() as functions
    ),

    -- Codes that follow a status after the word "Errors" of a comment. Those of PostgreSQL and
    -- PostgREST may come as well, so the list is open.
    codes as (
        select
            statuses.path,
            statuses.status,
            pg_catalog.jsonb_agg(distinct statuses.code) as codes,
            pg_catalog.string_agg(distinct statuses.code, ', ') as names
        from (
            select
                tokens.path,
                tokens.code,
                pg_catalog.max(tokens.status)
                    over (partition by tokens.path, tokens.section) as status
            from (
                select
                    commented.path,
                    tokens.found[1] as status,
                    tokens.found[2] as code,
                    pg_catalog.count(tokens.found[1])
                        over (partition by commented.path order by tokens.place) as section
                from (
                    select
                        '/' || resources.name as path,
                        resources.comment
                    from resources
                    union all
                    select
                        '/rpc/' || functions.name as path,
                        functions.comment
                    from functions
                ) as commented
                cross join
                    lateral
                    pg_catalog.regexp_matches(
                        pg_catalog.substr(
                            commented.comment,
                            nullif(pg_catalog.strpos(commented.comment, 'Errors'), 0)
                        ),
                        '\m([45][0-9][0-9])\M'
                        || '|\m([a-z]+(?:_[a-z]+)+|[0-9][0-9A-Z]{4}|PGRST[0-9]+)\M',
                        'g'
                    ) with ordinality as tokens (found, place)
            ) as tokens
        ) as statuses
        where statuses.code is not null and statuses.status is not null
        group by statuses.path, statuses.status
    ),

    errors as (
        select
            codes.path,
            pg_catalog.jsonb_object_agg(
                codes.status,
                pg_catalog.jsonb_build_object(
                    'description', codes.names,
                    'content',
                    '{"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}'
                    ::jsonb,
                    'x-codes', codes.codes
                )
            ) as responses
        from codes
        group by codes.path
    ),

    operations as (
        select
            '/' || resources.name as path,
            verbs.method,
            resources.name as tag,
            verbs.method || '_' || resources.name as operation_id,
            resources.comment,
            verbs.parameters,
            verbs.method <> 'get' as has_own_errors,
            verbs.responses,
            verbs.body
        from resources
        cross join
            lateral (
                select
                    pg_catalog.json_build_object(
                        'application/json',
                        pg_catalog.json_build_object(
                            'schema',
                            pg_catalog.json_build_object(
                                'type', 'array', 'items', resources.row_reference
                            )
                        )
                    ) as content
            ) as answer
        cross join
            lateral (
                values
                (
                    'get',
                    resources.is_read,
                    resources.parameter_references
                    || '[
                        {"$ref": "#/components/parameters/or"},
                        {"$ref": "#/components/parameters/and"},
                        {"$ref": "#/components/parameters/select"},
                        {"$ref": "#/components/parameters/order"},
                        {"$ref": "#/components/parameters/limit"},
                        {"$ref": "#/components/parameters/offset"},
                        {"$ref": "#/components/parameters/Range"},
                        {"$ref": "#/components/parameters/Range-Unit"},
                        {"$ref": "#/components/parameters/Prefer-count"}
                    ]'::jsonb,
                    pg_catalog.json_build_object(
                        '200',
                        pg_catalog.json_build_object(
                            'description', 'All rows, or a page of them',
                            'headers',
                            '{"Content-Range": {"$ref": "#/components/headers/Content-Range"}}'
                            ::jsonb,
                            'content',
                            (
                                -- JSON comes first: generated clients take the first.
                                select
                                    pg_catalog.json_object_agg(
                                        types.name,
                                        pg_catalog.json_build_object('schema', types.schema)
                                        order by types.place, types.name
                                    )
                                from (
                                    select
                                        1 as place,
                                        'application/json' as name,
                                        pg_catalog.jsonb_build_object(
                                            'type', 'array', 'items', resources.row_reference
                                        ) as schema
                                    union all
                                    select
                                        2 as place,
                                        'application/vnd.pgrst.object+json' as name,
                                        resources.row_reference as schema
                                    union all
                                    select
                                        3 as place,
                                        names.name,
                                        '{"type": "string"}' as schema
                                    from
                                        pg_catalog.unnest(
                                            array['text/csv'] || resources.media_types
                                        ) as names (name)
                                ) as types
                            )
                        ),
                        '206',
                        pg_catalog.json_build_object(
                            'description', 'A page of more rows, counted by Prefer: count=exact',
                            'headers',
                            '{"Content-Range": {"$ref": "#/components/headers/Content-Range"}}'
                            ::jsonb,
                            'content', answer.content
                        ),
                        '416', '{"$ref": "#/components/responses/416"}'::jsonb
                    ),
                    null
                ),
                (
                    'post',
                    resources.is_inserted,
                    '[
                        {"$ref": "#/components/parameters/select"},
                        {"$ref": "#/components/parameters/columns"},
                        {"$ref": "#/components/parameters/on_conflict"},
                        {"$ref": "#/components/parameters/Prefer-post"},
                        {"$ref": "#/components/parameters/Idempotency-Key"}
                    ]'::jsonb,
                    pg_catalog.json_build_object(
                        '201',
                        pg_catalog.json_build_object(
                            'description', 'Stored; the rows with Prefer: return=representation',
                            'content', answer.content
                        ),
                        '200',
                        pg_catalog.json_build_object(
                            'description', 'Upserted; the rows with Prefer: return=representation',
                            'content', answer.content
                        )
                    ),
                    pg_catalog.json_build_object(
                        'application/json',
                        pg_catalog.json_build_object(
                            'schema',
                            pg_catalog.json_build_object(
                                'type', 'array',
                                'items',
                                pg_catalog.json_build_object(
                                    '$ref',
                                    '#/components/schemas/' || resources.name || '_insert'
                                )
                            )
                        ),
                        'text/csv', '{"schema": {"type": "string"}}'::jsonb
                    )
                ),
                (
                    'patch',
                    resources.is_updated,
                    resources.parameter_references
                    || '[
                        {"$ref": "#/components/parameters/or"},
                        {"$ref": "#/components/parameters/and"},
                        {"$ref": "#/components/parameters/select"},
                        {"$ref": "#/components/parameters/columns"},
                        {"$ref": "#/components/parameters/Prefer-return"}
                    ]'::jsonb,
                    pg_catalog.json_build_object(
                        '200',
                        pg_catalog.json_build_object(
                            'description', 'The rows, with Prefer: return=representation',
                            'content', answer.content
                        ),
                        '204', '{"description": "Changed"}'::jsonb
                    ),
                    pg_catalog.json_build_object(
                        'application/json',
                        pg_catalog.json_build_object(
                            'schema',
                            pg_catalog.json_build_object(
                                '$ref', '#/components/schemas/' || resources.name || '_update'
                            )
                        )
                    )
                ),
                (
                    'delete',
                    resources.is_deleted,
                    resources.parameter_references
                    || '[
                        {"$ref": "#/components/parameters/or"},
                        {"$ref": "#/components/parameters/and"},
                        {"$ref": "#/components/parameters/select"},
                        {"$ref": "#/components/parameters/Prefer-return"}
                    ]'::jsonb,
                    pg_catalog.json_build_object(
                        '200',
                        pg_catalog.json_build_object(
                            'description', 'The rows, with Prefer: return=representation',
                            'content', answer.content
                        ),
                        '204', '{"description": "Deleted"}'::jsonb
                    ),
                    null
                )
            ) as verbs (method, is_allowed, parameters, responses, body)
        where verbs.is_allowed
        union all
        select
            '/rpc/' || functions.name as path,
            methods.method,
            'functions' as tag,
            methods.operation_prefix || functions.name as operation_id,
            functions.comment,
            case methods.method
                when 'get'
                    then
                        coalesce(
                            (
                                select
                                    pg_catalog.jsonb_agg(
                                        pg_catalog.json_build_object(
                                            'name', arguments.name,
                                            'in', 'query',
                                            'required',
                                            coalesce(
                                                functions.required_arguments::jsonb
                                                ? arguments.name,
                                                false
                                            ),
                                            'schema', arguments.schema
                                        )
                                    )
                                from
                                    pg_catalog.jsonb_each(functions.arguments::jsonb)
                                        as arguments (name, schema)
                            ),
                            '[]'
                        )
                else '[]'
            end
            || case
                when functions.result_resource is null then '[]'
                else '[{"$ref": "#/components/parameters/select"}]'::jsonb
            end
            || case
                when functions.is_writing
                    then '[{"$ref": "#/components/parameters/Idempotency-Key"}]'::jsonb
                else '[]'
            end as parameters,
            true as has_own_errors,
            case
                when functions.result_schema is null then '{"204": {"description": "Done"}}'
                else
                    pg_catalog.json_build_object(
                        '200',
                        pg_catalog.json_build_object(
                            'description', 'The result',
                            'content',
                            (
                                select
                                    pg_catalog.json_object_agg(
                                        types.name,
                                        pg_catalog.json_build_object(
                                            'schema',
                                            case
                                                when types.name not like '%json'
                                                    then '{"type": "string"}'
                                                when functions.result_resource is not null
                                                    then
                                                        pg_catalog.jsonb_build_object(
                                                            'type', 'array',
                                                            'items',
                                                            pg_catalog.jsonb_build_object(
                                                                '$ref',
                                                                '#/components/schemas/'
                                                                || functions.result_resource
                                                            )
                                                        )
                                                else functions.result_schema
                                            end
                                        )
                                    )
                                from pg_catalog.unnest(functions.media_types) as types (name)
                            )
                        )
                    )
            end as responses,
            case methods.method
                when 'post' then
                    pg_catalog.json_build_object(
                        'application/json',
                        pg_catalog.json_build_object(
                            'schema',
                            pg_catalog.json_build_object(
                                '$ref', '#/components/schemas/' || functions.name || '_arguments'
                            )
                        )
                    )
            end as body
        from functions
        cross join
            lateral (
                values ('post', 'call_', true), ('get', 'get_', not functions.is_writing)
            ) as methods (method, operation_prefix, is_allowed)
        where methods.is_allowed
    ),

    paths as (
        select
            operations.path,
            pg_catalog.json_object_agg(
                operations.method,
                (
                    pg_catalog.left(
                        pg_catalog.json_build_object(
                            'tags', pg_catalog.json_build_array(operations.tag),
                            'operationId', operations.operation_id,
                            'summary', pg_catalog.split_part(operations.comment, E'\n', 1),
                            'description',
                            pg_catalog.ltrim(
                                pg_catalog.substr(
                                    operations.comment,
                                    pg_catalog.strpos(operations.comment || E'\n', E'\n')
                                ),
                                E'\n'
                            ),
                            'parameters', operations.parameters
                        )::text,
                        -1
                    )
                    || coalesce(
                        ', "requestBody": {"required": true, "content": '
                        || operations.body::text || '}',
                        ''
                    )
                    -- The keys of both are different.
                    || ', "responses": ' || pg_catalog.left(operations.responses::text, -1) || ', '
                    || pg_catalog.substr(
                        (
                            '{
                                "400": {"$ref": "#/components/responses/400"},
                                "401": {"$ref": "#/components/responses/401"},
                                "403": {"$ref": "#/components/responses/403"},
                                "404": {"$ref": "#/components/responses/404"},
                                "406": {"$ref": "#/components/responses/406"},
                                "409": {"$ref": "#/components/responses/409"},
                                "413": {"$ref": "#/components/responses/413"},
                                "429": {"$ref": "#/components/responses/429"},
                                "500": {"$ref": "#/components/responses/500"},
                                "503": {"$ref": "#/components/responses/503"}
                            }'::jsonb
                            || case
                                when operations.has_own_errors then coalesce(errors.responses, '{}')
                                else '{}'
                            end
                        )::text,
                        2
                    )
                    || '}'
                )::json
                order by operations.method
            ) as operations
        from operations
        left join errors
            on operations.path = errors.path
        group by operations.path
    ),

    schemas as (
        select
            resources.name,
            resources.row_schema as schema
        from resources
        where resources.is_read
        union all
        select
            resources.name || '_insert' as name,
            resources.insert_schema
        from resources
        where resources.is_inserted
        union all
        select
            resources.name || '_update' as name,
            resources.update_schema
        from resources
        where resources.is_updated
        union all
        select
            functions.name || '_arguments' as name,
            pg_catalog.json_build_object(
                'type', 'object',
                'properties', functions.arguments,
                'required', coalesce(functions.required_arguments, '[]'),
                'additionalProperties', false
            ) as schema
        from functions
        union all
        select
            'error' as name,
            internal.error_schema() as schema
    ),

    filters as (
        select pg_catalog.jsonb_object_agg(filters.key, filters.value) as parameters
        from resources
        cross join lateral pg_catalog.jsonb_each(resources.parameters) as filters (key, value)
    )

    select
        pg_catalog.json_build_object(
            'openapi', '3.1.0',
            'jsonSchemaDialect', 'https://json-schema.org/draft/2020-12/schema',
            'info',
            pg_catalog.json_build_object(
                'title', pg_catalog.split_part(api.comment, E'\n', 1),
                'description', pg_catalog.regexp_replace(api.comment, '^[^\n]*\n*', ''),
                'version', '0.1.0'
            ),
            'servers',
            pg_catalog.json_build_array(
                pg_catalog.json_build_object(
                    'url',
                    case
                        when pg_catalog.current_setting('request.path', true) like '/rpc/%'
                            then '../'
                        else './'
                    end
                )
            ),
            'security',
            case current_user when 'anon' then '[{}]' else '[{"bearer": []}]' end::json,
            'paths',
            (
                select pg_catalog.json_object_agg(paths.path, paths.operations order by paths.path)
                from paths
            ),
            'components',
            pg_catalog.json_build_object(
                'schemas',
                (
                    select
                        pg_catalog.json_object_agg(
                            schemas.name, schemas.schema order by schemas.name
                        )
                    from schemas
                ),
                'parameters', coalesce(filters.parameters, '{}') || internal.common_parameters(),
                'responses', internal.usual_errors(),
                'headers',
                '{"Content-Range": {
                    "description": "First and last row of the page, and the number of rows or *",
                    "schema": {"type": "string", "examples": ["0-99/1234"]}
                }}'::json,
                'securitySchemes',
                '{"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}'::json
            )
        )
    from filters
    cross join (
        select pg_catalog.obj_description(api.oid, 'pg_namespace') as comment
        from pg_catalog.pg_namespace as api
        where api.nspname = 'api'
    ) as api;
end;

comment on function internal.api_description() is $$The API description for the caller's role

An OpenAPI 3.1 document made of the catalogue and the comments.$$;

revoke all on function internal.api_description() from public;
grant execute on function internal.api_description() to anon, member, operator, job;
