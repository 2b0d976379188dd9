create or replace function internal.list_operation(
    row_reference jsonb,
    content json,
    media_types text[],
    parameter_references jsonb
)
returns table (parameters jsonb, responses json)
language sql
stable
security invoker
rows 1
begin atomic
    select
        list_operation.parameter_references
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
        ]'::jsonb as parameters,
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
                                'type', 'array', 'items', list_operation.row_reference
                            ) as schema
                        union all
                        select
                            2 as place,
                            'application/vnd.pgrst.object+json' as name,
                            list_operation.row_reference as schema
                        union all
                        select
                            3 as place,
                            names.name,
                            '{"type": "string"}' as schema
                        from
                            pg_catalog.unnest(
                                array['text/csv'] || list_operation.media_types
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
                'content', list_operation.content
            ),
            '416', '{"$ref": "#/components/responses/416"}'::jsonb
        ) as responses;
end;

comment on function internal.list_operation(jsonb, json, text[], jsonb) is
'What a GET of a resource takes and answers, in OpenAPI';

revoke all on function internal.list_operation(jsonb, json, text[], jsonb) from public;
grant execute on function internal.list_operation(jsonb, json, text[], jsonb)
to anon, member, operator, job;
