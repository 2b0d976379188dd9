create or replace function internal.delete_operation(content json, parameter_references jsonb)
returns table (parameters jsonb, responses json)
language sql
stable
security invoker
rows 1
begin atomic
    select
        delete_operation.parameter_references
        || '[
            {"$ref": "#/components/parameters/or"},
            {"$ref": "#/components/parameters/and"},
            {"$ref": "#/components/parameters/select"},
            {"$ref": "#/components/parameters/Prefer-return"}
        ]'::jsonb as parameters,
        pg_catalog.json_build_object(
            '200',
            pg_catalog.json_build_object(
                'description', 'The rows, with Prefer: return=representation',
                'content', delete_operation.content
            ),
            '204', '{"description": "Deleted"}'::jsonb
        ) as responses;
end;

comment on function internal.delete_operation(json, jsonb) is
'What a DELETE of a resource takes and answers, in OpenAPI';

revoke all on function internal.delete_operation(json, jsonb) from public;
grant execute on function internal.delete_operation(json, jsonb) to anon, member, operator, job;
