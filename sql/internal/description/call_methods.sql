create or replace function internal.call_methods(
    name text,
    arguments json,
    required_arguments json
)
returns table (method text, operation_prefix text, parameters jsonb, body json)
language sql
stable
security invoker
rows 2
begin atomic
    select
        'post' as method,
        'call_' as operation_prefix,
        '[]'::jsonb as parameters,
        pg_catalog.json_build_object(
            'application/json',
            pg_catalog.json_build_object(
                'schema',
                pg_catalog.json_build_object(
                    '$ref', '#/components/schemas/' || call_methods.name || '_arguments'
                )
            )
        ) as body
    union all
    select
        'get' as method,
        'get_' as operation_prefix,
        coalesce(pg_catalog.jsonb_agg(parameters.parameter), '[]') as parameters,
        null::json as body
    from (
        select
            pg_catalog.json_build_object(
                'name', arguments.name,
                'in', 'query',
                'required',
                coalesce(call_methods.required_arguments::jsonb ? arguments.name, false),
                'schema', arguments.schema
            ) as parameter
        from
            pg_catalog.jsonb_each(call_methods.arguments::jsonb) as arguments (name, schema)
    ) as parameters;
end;

comment on function internal.call_methods(text, json, json) is
'The methods that call a function, with what each takes, in OpenAPI';

revoke all on function internal.call_methods(text, json, json) from public;
grant execute on function internal.call_methods(text, json, json) to anon, member, operator, job;
