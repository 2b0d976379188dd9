-- PostgREST knows no limit for bodies, and hands each to PostgreSQL as one parameter, which a
-- custom plan holds as a constant and copies over and over. So a large one gets a generic plan. A
-- body that comes in chunks does not say how long it is, and is held to the time of a request only.
create or replace function authz.admit_body(headers jsonb)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    size bigint;
    largest bigint;
begin
    size := substring(headers ->> 'content-length' from '^[0-9]{1,18}$')::bigint;
    -- 10,000 samples with 30,000 bases each; of anything else what is stored within 10 s.
    largest := case current_setting('request.path', true)
        when '/rpc/create_samples' then 350000000
        else 32000000
    end;
    if size > largest then
        perform internal.fail(413, 'body_too_large', 'The body of the request is too large',
            json_build_object('content_length', size, 'largest', largest)::text,
            'Send it in parts.');
    end if;
    if size > 1000000 then
        perform set_config('plan_cache_mode', 'force_generic_plan', true);
    end if;
end
$$;

comment on function authz.admit_body(jsonb) is $$Refuse a body that is too large, and plan for a large one

350 MB for create_samples, 32 MB for anything else. Errors: 413 body_too_large.$$;

revoke all on function authz.admit_body(jsonb) from public;
grant execute on function authz.admit_body(jsonb) to claims_reader;
