-- Somebody in several groups is refused when all of them are above their limits: one group cannot
-- keep another from its data. What tells the limits is free. The counts are those of the access
-- log, a few seconds old.
create or replace function authz.bound_groups()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    today date := (now() at time zone 'UTC')::date;
    groups bigint[] := coalesce(
        nullif(current_setting('aspen.direct_groups', true), ''), '{}'
    )::bigint[];
    -- Groups that have reached their limit. An array, because an aggregate costs each request more.
    ended bigint[];
    passed record;
begin
    if groups = '{}'
        or current_setting('request.path', true)
        in ('/me', '/rpc/health', '/rpc/group_usage', '/rpc/kept_answer')
    then
        return;
    end if;
    select array(
        select limits.group_id
        from aspen.group_limits as limits
        left join aspen.group_requests as requests
            on limits.group_id = requests.group_id and requests.day = today
        where limits.group_id = any(groups)
            and coalesce(requests.request_count, 0) >= limits.most_requests_per_day
    ) into ended;
    if cardinality(ended) < cardinality(groups) then
        return;
    end if;
    select
        limits.group_id,
        limits.most_requests_per_day as at_most,
        coalesce(requests.request_count, 0) as counted
    into passed
    from aspen.group_limits as limits
    left join aspen.group_requests as requests
        on limits.group_id = requests.group_id and requests.day = today
    where limits.group_id = ended[1];
    perform set_config('aspen.retry_after', ceil(extract(
        epoch from (today + 1)::timestamp at time zone 'UTC' - now()
    ))::text, true);
    perform internal.fail(429, 'too_many_requests_of_group',
        'The group has sent as many requests today as it may',
        json_build_object('group_id', passed.group_id, 'at_most', passed.at_most, 'counted',
            passed.counted)::text,
        'Wait until midnight UTC, as many seconds as Retry-After says, or ask the operators for more.');
end
$$;

comment on function authz.bound_groups() is $$Keep the limit of requests of a group in a day

Errors: 429 too_many_requests_of_group, if all groups where the caller has a role have reached theirs.$$;

revoke all on function authz.bound_groups() from public;
grant execute on function authz.bound_groups() to claims_reader;
