-- definer because API roles must not read users, memberships and grants of others.
create or replace function authz.admit_request(schema_name text)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    perform authz.await_transaction();
    perform authz.name_request();
    perform authz.note_version(admit_request.schema_name);
    perform authz.admit_body();
    perform authz.admit_preferences();
    perform authz.identify_caller();
    perform authz.announce_version();
    perform authz.announce_transaction();
    perform authz.note_plan();
    perform authz.bound_request();
    perform authz.bound_groups();
    return current_setting('request.method', true) = 'POST' and authz.admit_key();
end
$$;

comment on function authz.admit_request(text) is $$Admits a request, or refuses it

schema_name: the version of the API that it is for. Awaits what the caller wrote before, names the request, admits its body and its preferences, identifies its caller, bounds it and looks for its
Idempotency-Key; refuses it as these functions of authz say. Returns whether the answer is to be kept.$$;

revoke all on function authz.admit_request(text) from public;
grant execute on function authz.admit_request(text) to anon, member, operator, job;
