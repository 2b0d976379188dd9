-- Also the answer at / (postgrest.conf: db-root-spec). Where the catalogue has changed since the
-- last load, by a grant made by hand say, it is made again: no change leaves an old one behind.
create or replace function api.openapi()
returns api."*/*"
language sql
stable
security invoker
set plan_cache_mode = 'force_generic_plan'
begin atomic
    with written as materialized (
        select
            coalesce(
                (select kept.openapi from internal.kept_description() as kept),
                internal.api_description()
            )::text as text
    ),

    document as materialized (
        select
            -- Where the API is depends on the path. Text that is put before another is faster than
            -- text that is replaced in it.
            '{"openapi": "3.1.0", "servers": [{"url": "'
            || case
                when current_setting('request.path', true) like '/rpc/%' then '../'
                else './'
            end
            || '"}], '
            || right(written.text, -1) as text
        from written
    )

    select
        case
            when
                set_config(
                    'response.headers',
                    (
                        coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb
                        || jsonb_build_array(
                            '{"Content-Type": "application/openapi+json; charset=utf-8"}'::jsonb,
                            jsonb_build_object('ETag', 'W/"' || md5(document.text) || '"')
                        )
                    )::text,
                    true
                ) is not null
                then document.text
        end
    from document;
end;

comment on function api.openapi() is $$This description, as OpenAPI 3.1

application/openapi+json, the same as at /. It contains what the caller's role may use, and nothing
else; without a token that is little. Schemas are JSON Schema 2020-12.$$;

revoke all on function api.openapi() from public;
grant execute on function api.openapi() to anon, member, operator, job;
