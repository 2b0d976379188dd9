create or replace function internal.resource_operations(
    resource text,
    row_reference jsonb,
    content json,
    media_types text[],
    parameter_references jsonb
)
returns table (method text, parameters jsonb, responses json, body json)
language sql
stable
security invoker
rows 4
begin atomic
    select
        'get' as method,
        verb.parameters,
        verb.responses,
        null::json as body
    from
        internal.list_operation(
            resource_operations.row_reference,
            resource_operations.content,
            resource_operations.media_types,
            resource_operations.parameter_references
        ) as verb
    union all
    select
        'post' as method,
        verb.parameters,
        verb.responses,
        verb.body
    from
        internal.insert_operation(
            resource_operations.resource, resource_operations.content
        ) as verb
    union all
    select
        'patch' as method,
        verb.parameters,
        verb.responses,
        verb.body
    from
        internal.update_operation(
            resource_operations.resource,
            resource_operations.content,
            resource_operations.parameter_references
        ) as verb
    union all
    select
        'delete' as method,
        verb.parameters,
        verb.responses,
        null::json as body
    from
        internal.delete_operation(
            resource_operations.content, resource_operations.parameter_references
        ) as verb;
end;

comment on function internal.resource_operations(text, jsonb, json, text[], jsonb) is
'All operations of a resource by method, also those the caller lacks';

revoke all on function internal.resource_operations(text, jsonb, json, text[], jsonb) from public;
grant execute on function internal.resource_operations(text, jsonb, json, text[], jsonb)
to anon, member, operator, job;
