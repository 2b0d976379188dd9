create or replace function internal.written_operation(
    tag text,
    operation_id text,
    comment text,
    parameters jsonb,
    body json,
    responses json,
    own_errors jsonb
)
returns table (operation json)
language sql
stable
security invoker
rows 1
begin atomic
    select
        (
            pg_catalog.left(
                pg_catalog.json_build_object(
                    'tags', pg_catalog.json_build_array(written_operation.tag),
                    'operationId', written_operation.operation_id,
                    'summary', pg_catalog.split_part(written_operation.comment, E'\n', 1),
                    'description',
                    pg_catalog.ltrim(
                        pg_catalog.substr(
                            written_operation.comment,
                            pg_catalog.strpos(written_operation.comment || E'\n', E'\n')
                        ),
                        E'\n'
                    ),
                    'parameters', written_operation.parameters
                )::text,
                -1
            )
            || coalesce(
                ', "requestBody": {"required": true, "content": '
                || written_operation.body::text || '}',
                ''
            )
            -- The keys of both are different.
            || ', "responses": ' || pg_catalog.left(written_operation.responses::text, -1) || ', '
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
                    || coalesce(written_operation.own_errors, '{}')
                )::text,
                2
            )
            || '}'
        )::json;
end;

comment on function internal.written_operation(text, text, text, jsonb, json, json, jsonb) is
'An operation of a path, in OpenAPI';

revoke all on function internal.written_operation(
    text, text, text, jsonb, json, json, jsonb
) from public;
grant execute on function internal.written_operation(text, text, text, jsonb, json, json, jsonb)
to anon, member, operator, job;
