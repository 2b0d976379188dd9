-- The logins of the other sides, only in the cluster of the benchmarks. Run again after every load of
-- the code, which makes the api schema again.

do $$
begin
    if not exists (select from pg_catalog.pg_roles as roles where roles.rolname = 'fastapi_baseline') then
        create role fastapi_baseline login bypassrls;
    end if;
    if not exists (select from pg_catalog.pg_roles as roles where roles.rolname = 'unfenced') then
        create role unfenced nologin inherit bypassrls;
    end if;
end
$$;

comment on role fastapi_baseline is 'The FastAPI baseline: reads every row and filters by itself';
comment on role unfenced is 'member without row-level security: the predicate is written by hand';

grant member to unfenced;
grant unfenced to authenticator;
grant usage on schema aspen to fastapi_baseline;
grant select on all tables in schema aspen to fastapi_baseline;

-- The same planner settings as PostgREST's login, so that no side has better plans.
alter role fastapi_baseline set plan_cache_mode = 'force_custom_plan';
alter role fastapi_baseline set random_page_cost = '1.1';
alter role fastapi_baseline set jit = 'off';
