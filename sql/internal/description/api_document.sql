create or replace function internal.api_document(paths json, schemas json, filters jsonb)
returns table (document json)
language sql
stable
security invoker
rows 1
begin atomic
    select
        pg_catalog.json_build_object(
            'jsonSchemaDialect', 'https://json-schema.org/draft/2020-12/schema',
            'info',
            pg_catalog.json_build_object(
                'title', pg_catalog.split_part(api.comment, E'\n', 1),
                'description', pg_catalog.regexp_replace(api.comment, '^[^\n]*\n*', ''),
                'version', '0.1.0'
            ),
            'security',
            case current_user when 'anon' then '[{}]' else '[{"bearer": []}]' end::json,
            'paths',
            api_document.paths,
            'components',
            pg_catalog.json_build_object(
                'schemas',
                api_document.schemas,
                'parameters', coalesce(api_document.filters, '{}') || internal.common_parameters(),
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
    from (
        select pg_catalog.obj_description(api.oid, 'pg_namespace') as comment
        from pg_catalog.pg_namespace as api
        where api.nspname = authz.api_version()
    ) as api;
end;

comment on function internal.api_document(json, json, jsonb) is
'The parts of an API description around its paths and schemas';

revoke all on function internal.api_document(json, json, jsonb) from public;
grant execute on function internal.api_document(json, json, jsonb) to anon, member, operator, job;
