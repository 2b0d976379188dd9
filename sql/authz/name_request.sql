create or replace function authz.name_request()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    request_id text
        := nullif(current_setting('request.headers', true), '')::json ->> 'x-request-id';
begin
    if octet_length(request_id) <= 64 and request_id ~ '^[A-Za-z0-9._-]+$' then
        perform
            set_config('application_name', request_id, true),
            set_config('aspen.request_id', request_id, true);
    end if;
end
$$;

comment on function authz.name_request() is $$Names the transaction after the request

X-Request-Id becomes the application_name, cut after 63 characters, so that what PostgreSQL logs can
be found by what the access log says, and stands beside each change in the audit log.$$;

revoke all on function authz.name_request() from public;
grant execute on function authz.name_request() to claims_reader;
