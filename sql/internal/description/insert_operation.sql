create or replace function internal.insert_operation(resource text, content json)
returns table (parameters jsonb, responses json, body json)
language sql
stable
security invoker
rows 1
begin atomic
    select
        '[
            {"$ref": "#/components/parameters/select"},
            {"$ref": "#/components/parameters/columns"},
            {"$ref": "#/components/parameters/on_conflict"},
            {"$ref": "#/components/parameters/Prefer-post"},
            {"$ref": "#/components/parameters/Idempotency-Key"}
        ]'::jsonb as parameters,
        pg_catalog.json_build_object(
            '201',
            pg_catalog.json_build_object(
                'description', 'Stored; the rows with Prefer: return=representation',
                'content', insert_operation.content
            ),
            '200',
            pg_catalog.json_build_object(
                'description', 'Upserted; the rows with Prefer: return=representation',
                'content', insert_operation.content
            )
        ) as responses,
        pg_catalog.json_build_object(
            'application/json',
            pg_catalog.json_build_object(
                'schema',
                pg_catalog.json_build_object(
                    'type', 'array',
                    'items',
                    pg_catalog.json_build_object(
                        '$ref',
                        '#/components/schemas/' || insert_operation.resource || '_insert'
                    )
                )
            ),
            'text/csv', '{"schema": {"type": "string"}}'::jsonb
        ) as body;
end;

comment on function internal.insert_operation(text, json) is
'What a POST to a resource takes and answers, in OpenAPI';

revoke all on function internal.insert_operation(text, json) from public;
grant execute on function internal.insert_operation(text, json) to anon, member, operator, job;
