-- The pool of PostgREST has twenty connections for everybody. Who is asking takes one of a few
-- slots for as long as the transaction lasts; locks of two keys are used for nothing else. Each
-- connection begins with another slot, so that it finds a free one at once. Only PostgREST is
-- bound: what the control plane does for a user takes no connection of the pool.
create or replace function authz.bound_request()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    path text := current_setting('request.path', true);
    slots integer
        := coalesce(nullif(current_setting('aspen.requests_at_once', true), '')::integer, 10);
    user_id bigint;
    job_id bigint;
    kind_of_caller integer;
    holder integer;
    done text;
begin
    -- A function says itself how long it may take.
    if current_setting('request.method', true) in ('GET', 'HEAD') and path not like '/rpc/%'
        and current_setting('statement_timeout')::interval not between '1ms' and '5s'
    then
        done := set_config('statement_timeout', '5s', true);
    end if;
    if session_user <> 'authenticator' or path = '/rpc/health' then
        return;
    end if;
    user_id := authz.caller_id();
    if user_id is null then
        job_id := nullif(current_setting('aspen.job_id', true), '')::bigint;
    end if;
    -- Whoever has no token shares the slots with all others without one.
    kind_of_caller := case
        when user_id is not null then 1000000 when job_id is not null then 2000000 else 3000000
    end;
    holder := (coalesce(user_id, job_id, 0) % 2147483648)::integer;
    for turn in 1..slots loop
        if pg_try_advisory_xact_lock(
            kind_of_caller + 1 + (pg_backend_pid() + turn) % slots, holder
        ) then
            return;
        end if;
    end loop;
    perform internal.fail(429, 'too_many_requests', 'Too many requests at once',
        json_build_object('at_once', slots)::text,
        'Wait for an answer before you send the next request.');
end
$$;

comment on function authz.bound_request() is $$Bound what one caller may have at once, and how long

At most 10 requests of a user or job at the same time, or as many as the setting
aspen.requests_at_once says; as many of all callers without a token together; health is free. 5 s for
reading a resource. Errors: 429 too_many_requests.$$;

revoke all on function authz.bound_request() from public;
grant execute on function authz.bound_request() to claims_reader;
