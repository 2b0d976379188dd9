-- definer because API roles must not read users, memberships and grants of others. It runs in every
-- request, and so does all it calls: an assignment costs less than `perform`, which starts an
-- executor and, under force_custom_plan, plans what has a parameter.
create or replace function authz.admit_request(schema_name text)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    done text;
begin
    done := authz.await_transaction();
    done := authz.name_request();
    done := authz.note_version(admit_request.schema_name);
    done := authz.admit_body();
    done := authz.admit_preferences();
    done := authz.identify_caller();
    done := authz.announce_version();
    done := authz.announce_transaction();
    done := authz.note_plan();
    done := authz.bound_request();
    done := authz.bound_groups();
    return current_setting('request.method', true) = 'POST' and authz.admit_key();
end
$$;

comment on function authz.admit_request(text) is $$Admit a request, or refuse it

schema_name: the version of the API that it is for. Awaits what the caller wrote before, names the request, admits its body and its preferences, identifies its caller, bounds it and looks for its
Idempotency-Key; refuses it as these functions of authz say. Returns whether the answer is to be kept.$$;

revoke all on function authz.admit_request(text) from public;
grant execute on function authz.admit_request(text) to anon, member, operator, job;
