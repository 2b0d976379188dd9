create or replace function api.json_schema(of text default null)
returns json
language sql
stable
security invoker
set plan_cache_mode = 'force_generic_plan'
begin atomic
    with described as materialized (
        select
            coalesce(
                (select kept.json_schema from internal.kept_description() as kept),
                json_build_object(
                    '$schema', 'https://json-schema.org/draft/2020-12/schema',
                    '$defs', internal.api_description() #> '{components,schemas}'
                )
            ) as document
    )

    select
        case
            when json_schema.of is null then described.document
            when described.document -> '$defs' -> json_schema.of is not null
                then
                    json_build_object(
                        '$schema', described.document -> '$schema',
                        'title', json_schema.of,
                        '$ref', '#/$defs/' || json_schema.of,
                        '$defs',
                        json_build_object(
                            json_schema.of, described.document -> '$defs' -> json_schema.of
                        )
                    )
            when
                internal.fail(
                    404, 'schema_not_found', 'There is no such schema for your role',
                    json_build_object('of', left(json_schema.of, 200))::text,
                    'Call it without "of" to receive all schemas.'
                )
                then null
        end
    from described;
end;

comment on function api.json_schema(text) is $text$JSON Schemas of rows and arguments

JSON Schema 2020-12 of what the caller's role may use. of: the name of one schema; samples is a row
of an answer, samples_insert one of a POST, samples_update one of a PATCH, create_samples_arguments
the body of a call, error the body of every error. Without it, all of them in $defs. Errors: 404
schema_not_found.$text$;

revoke all on function api.json_schema(text) from public;
grant execute on function api.json_schema(text) to anon, member, operator, job;
