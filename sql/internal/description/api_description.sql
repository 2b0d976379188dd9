-- Plans are kept by api.openapi(): planning would take as long as all the rest. The functions that
-- are called here for a row are inlined into this one plan.
create or replace function internal.api_description()
returns json
language sql
stable
security invoker
begin atomic
    with resources as materialized (
        select
            resources.*,
            answers.row_reference,
            pg_catalog.json_build_object(
                'application/json',
                pg_catalog.json_build_object(
                    'schema',
                    pg_catalog.json_build_object('type', 'array', 'items', answers.row_reference)
                )
            ) as content
        from internal.api_resources() as resources
        cross join lateral (
            select
                pg_catalog.jsonb_build_object('$ref', '#/components/schemas/' || resources.name)
                    as row_reference
        ) as answers
    ),

    functions as materialized (
        select functions.*
        from internal.api_functions() as functions
    ),

    errors as (
        select
            commented.path,
            named.responses
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
        cross join lateral internal.comment_errors(commented.comment) as named
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
            lateral internal.resource_operations(
                resources.name,
                resources.row_reference,
                resources.content,
                resources.media_types,
                resources.parameter_references
            ) as verbs
        where
            (verbs.method = 'get' and resources.is_read)
            or (verbs.method = 'post' and resources.is_inserted)
            or (verbs.method = 'patch' and resources.is_updated)
            or (verbs.method = 'delete' and resources.is_deleted)
        union all
        select
            '/rpc/' || functions.name as path,
            methods.method,
            'functions' as tag,
            methods.operation_prefix || functions.name as operation_id,
            functions.comment,
            methods.parameters
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
            answers.responses,
            methods.body
        from functions
        cross join
            lateral internal.call_responses(
                functions.result_schema, functions.result_resource, functions.media_types
            ) as answers
        cross join
            lateral internal.call_methods(
                functions.name, functions.arguments, functions.required_arguments
            ) as methods
        where methods.method = 'post' or not functions.is_writing
    ),

    paths as (
        select
            operations.path,
            pg_catalog.json_object_agg(
                operations.method, written.operation order by operations.method
            ) as operations
        from operations
        left join errors
            on operations.path = errors.path
        cross join
            lateral internal.written_operation(
                operations.tag,
                operations.operation_id,
                operations.comment,
                operations.parameters,
                operations.body,
                operations.responses,
                case when operations.has_own_errors then errors.responses end
            ) as written
        group by operations.path
    ),

    schemas as (
        select
            named.name,
            named.schema
        from resources
        cross join
            lateral (
                values
                (resources.name, resources.row_schema, resources.is_read),
                (resources.name || '_insert', resources.insert_schema, resources.is_inserted),
                (resources.name || '_update', resources.update_schema, resources.is_updated)
            ) as named (name, schema, is_allowed)
        where named.is_allowed
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
    )

    select documents.document
    from (
        select pg_catalog.json_object_agg(paths.path, paths.operations order by paths.path)
        from paths
    ) as all_paths (list)
    cross join (
        select pg_catalog.json_object_agg(schemas.name, schemas.schema order by schemas.name)
        from schemas
    ) as all_schemas (list)
    cross join (
        select pg_catalog.jsonb_object_agg(filters.key, filters.value) as list
        from resources
        cross join lateral pg_catalog.jsonb_each(resources.parameters) as filters (key, value)
    ) as all_filters
    cross join
        lateral internal.api_document(
            all_paths.list, all_schemas.list, all_filters.list
        ) as documents;
end;

comment on function internal.api_description() is $$The API description for the caller's role

An OpenAPI 3.1 document made of the catalogue and the comments; api.openapi() adds its version and
the address of the API.$$;

revoke all on function internal.api_description() from public;
grant execute on function internal.api_description() to anon, member, operator, job;
