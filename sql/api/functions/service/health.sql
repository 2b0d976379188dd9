create or replace function api.health()
returns json
language sql
stable
security invoker
begin atomic
    select json_build_object('status', 'ok', 'database_time', now());
end;

comment on function api.health() is $$Whether the API and its database answer

Returns {"status": "ok", "database_time": …}. Needs no token.$$;

revoke all on function api.health() from public;
grant execute on function api.health() to anon, member, operator, job;
