create or replace function authz.name_request()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    headers constant json := nullif(current_setting('request.headers', true), '')::json;
    request_id constant text := headers ->> 'x-request-id';
    traceparent constant text := headers ->> 'traceparent';
    done text;
begin
    if octet_length(request_id) <= 64 and request_id ~ '^[A-Za-z0-9._-]+$' then
        done := set_config('application_name', request_id, true);
        done := set_config('aspen.request_id', request_id, true);
    end if;
    if traceparent ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$' then
        done := set_config('aspen.traceparent', traceparent, true);
    end if;
end
$$;

comment on function authz.name_request() is $$Names the transaction after the request

X-Request-Id becomes the application_name, cut after 63 characters, so that what PostgreSQL logs can
be found by what the access log says, and stands beside each change in the audit log. A valid traceparent
(W3C) becomes that of the jobs that the request queues; any other is ignored.$$;

revoke all on function authz.name_request() from public;
grant execute on function authz.name_request() to claims_reader;
