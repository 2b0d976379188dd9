-- Its setting keeps it from being inlined: a plan that contains a policy is made again whenever the
-- role changes, and planning internal.api_description() takes longer than running it.
create or replace function internal.kept_description()
returns table (openapi json, json_schema json, manual text)
language sql
stable
security invoker
rows 1
set search_path = ''
begin atomic
    select
        kept.openapi,
        kept.json_schema,
        kept.manual
    from aspen.api_descriptions as kept
    where
        kept.role_name = current_user
        and authz.api_version() = 'api'
        and kept.catalog_state = internal.catalog_state();
end;

comment on function internal.kept_description() is $$What is kept of the API description, if it is up to date

Made for the caller's role; no row where the catalogue has changed since, nor of a previous version.$$;

revoke all on function internal.kept_description() from public;
grant execute on function internal.kept_description() to anon, member, operator, job;
