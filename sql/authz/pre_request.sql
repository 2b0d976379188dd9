-- Runs first in every request, in the request's transaction, as the API role (postgrest.conf: db-
-- pre-request). definer because API roles must not read users, memberships and grants of others.
create or replace function authz.pre_request()
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    perform authz.name_request();
    perform authz.admit_body();
    perform authz.admit_preferences();
    perform authz.identify_caller();
    perform authz.note_plan();
    perform authz.bound_request();
end
$$;

comment on function authz.pre_request() is $$What comes before every request

Names it, admits its body and its preferences, identifies its caller and bounds it; refuses it as
these functions of authz say.$$;

revoke all on function authz.pre_request() from public;
grant execute on function authz.pre_request() to anon, member, operator, job;
