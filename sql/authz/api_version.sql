create or replace function authz.api_version()
returns text
language sql
stable
security invoker
begin atomic
    select coalesce(nullif(current_setting('aspen.api_version', true), ''), 'api');
end;

comment on function authz.api_version() is $$The version of the API that the request is for

api, or the schema of a previous version, such as api_v1 (authz.note_version).$$;

revoke all on function authz.api_version() from public;
grant execute on function authz.api_version()
to anon, member, operator, job, claims_reader;
