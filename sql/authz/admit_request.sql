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
    headers jsonb := nullif(current_setting('request.headers', true), '')::jsonb;
    request_method text := current_setting('request.method', true);
    is_previous boolean := schema_name <> 'api';
    done text;
begin
    if pg_is_in_recovery() then
        done := authz.await_transaction(headers);
    end if;
    done := authz.name_request(headers);
    if is_previous then
        done := authz.note_version(schema_name);
    end if;
    if request_method in ('POST', 'PATCH', 'PUT') then
        done := authz.admit_body(headers);
    end if;
    done := authz.admit_preferences(headers);
    done := authz.identify_caller();
    if is_previous then
        done := authz.announce_version();
    end if;
    if headers ? 'aspen-replicas' then
        done := authz.announce_transaction();
    end if;
    done := authz.note_plan();
    done := authz.bound_request();
    done := authz.bound_groups();
    return request_method = 'POST' and authz.admit_key();
end
$$;

comment on function authz.admit_request(text) is $$Admit a request, or refuse it

schema_name: the version of the API that it is for. Awaits what the caller wrote before, names the request, admits its body and its preferences, identifies its caller, bounds it and looks for its
Idempotency-Key; refuses it as these functions of authz say. Returns whether the answer is to be kept.$$;

revoke all on function authz.admit_request(text) from public;
grant execute on function authz.admit_request(text) to anon, member, operator, job;
