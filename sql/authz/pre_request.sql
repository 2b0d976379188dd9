-- Runs first in every request, in the request's transaction, as the API role (postgrest.conf:
-- db-pre-request). If the answer is to be kept, PostgREST's statement finds the json_agg,
-- array_agg and current_setting of authz before those of PostgreSQL: they see the answer before it
-- is committed (docs/architecture.md). Without a `set` clause, because that would undo the
-- setting and hide the schema that PostgREST put into the search path: that of the profile which
-- the client asked for, one of db-schemas. Inlined.
create or replace function authz.pre_request()
returns text
language sql
volatile
security invoker
begin atomic
    select
        case
            when authz.admit_request(current_schema()::text)
                then
                    set_config(
                        'search_path', 'authz, pg_catalog, ' || current_schema()::text, true
                    )
        end;
end;

comment on function authz.pre_request() is 'What comes before every request';

revoke all on function authz.pre_request() from public;
grant execute on function authz.pre_request() to anon, member, operator, job;
