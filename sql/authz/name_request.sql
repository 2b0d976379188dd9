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
    letters constant text
        := 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-';
    done text;
begin
    -- Without regular expressions, each of which costs the request as much as all the rest here.
    if octet_length(request_id) between 1 and 64 and translate(request_id, letters, '') = '' then
        done := set_config('application_name', request_id, true);
        done := set_config('aspen.request_id', request_id, true);
    end if;
    if traceparent like '00-________________________________-________________-__'
        and translate(traceparent, '0123456789abcdef', '') = '---'
        and traceparent not like '00-00000000000000000000000000000000-%'
        and traceparent not like '%-0000000000000000-__'
    then
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
