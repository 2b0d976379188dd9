-- definer because API roles must not read users, memberships and grants of others.
create or replace function authz.admit_request()
returns boolean
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
    return current_setting('request.method', true) = 'POST' and authz.admit_key();
end
$$;

comment on function authz.admit_request() is $$Admits a request, or refuses it

Names it, admits its body and its preferences, identifies its caller, bounds it and looks for its
Idempotency-Key; refuses it as these functions of authz say. Returns whether the answer is to be kept.$$;

revoke all on function authz.admit_request() from public;
grant execute on function authz.admit_request() to anon, member, operator, job;
