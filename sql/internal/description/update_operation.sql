create or replace function internal.update_operation(
    resource text,
    content json,
    parameter_references jsonb
)
returns table (parameters jsonb, responses json, body json)
language sql
stable
security invoker
rows 1
begin atomic
    select
        update_operation.parameter_references
        || '[
            {"$ref": "#/components/parameters/or"},
            {"$ref": "#/components/parameters/and"},
            {"$ref": "#/components/parameters/select"},
            {"$ref": "#/components/parameters/columns"},
            {"$ref": "#/components/parameters/Prefer-return"}
        ]'::jsonb as parameters,
        pg_catalog.json_build_object(
            '200',
            pg_catalog.json_build_object(
                'description', 'The rows, with Prefer: return=representation',
                'content', update_operation.content
            ),
            '204', '{"description": "Changed"}'::jsonb
        ) as responses,
        pg_catalog.json_build_object(
            'application/json',
            pg_catalog.json_build_object(
                'schema',
                pg_catalog.json_build_object(
                    '$ref', '#/components/schemas/' || update_operation.resource || '_update'
                )
            )
        ) as body;
end;

comment on function internal.update_operation(text, json, jsonb) is
'What a PATCH of a resource takes and answers, in OpenAPI';

revoke all on function internal.update_operation(text, json, jsonb) from public;
grant execute on function internal.update_operation(text, json, jsonb)
to anon, member, operator, job;
