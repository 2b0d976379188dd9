-- Also the answer at / (postgrest.conf: db-root-spec). Made at each request: the edge keeps it for
-- 10 s, and so no load and no grant can leave an old one behind.
create or replace function api.openapi()
returns api."*/*"
language sql
stable
security invoker
set plan_cache_mode = 'force_generic_plan'
begin atomic
    with document as materialized (
        select internal.api_description()::text as text
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
