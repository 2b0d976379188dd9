create or replace function internal.call_responses(
    result_schema jsonb,
    result_resource text,
    media_types text[]
)
returns table (responses json)
language sql
stable
security invoker
rows 1
begin atomic
    select
        case
            when call_responses.result_schema is null then '{"204": {"description": "Done"}}'
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
                                            when call_responses.result_resource is not null
                                                then
                                                    pg_catalog.jsonb_build_object(
                                                        'type', 'array',
                                                        'items',
                                                        pg_catalog.jsonb_build_object(
                                                            '$ref',
                                                            '#/components/schemas/'
                                                            || call_responses.result_resource
                                                        )
                                                    )
                                            else call_responses.result_schema
                                        end
                                    )
                                )
                            from pg_catalog.unnest(call_responses.media_types) as types (name)
                        )
                    )
                )
        end;
end;

comment on function internal.call_responses(jsonb, text, text[]) is
'What a function answers, in OpenAPI';

revoke all on function internal.call_responses(jsonb, text, text[]) from public;
grant execute on function internal.call_responses(jsonb, text, text[])
to anon, member, operator, job;
