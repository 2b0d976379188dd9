create or replace function authz.name_request(headers jsonb)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    request_id constant text := headers ->> 'x-request-id';
    traceparent constant text := headers ->> 'traceparent';
    done text[];
begin
    -- A search for one letter that is not allowed: a pattern for the whole text, or translate, costs
    -- the request thirty times as much.
    if request_id !~ '[^A-Za-z0-9._-]' and octet_length(request_id) between 1 and 64 then
        done := array[
            set_config('application_name', request_id, true),
            set_config('aspen.request_id', request_id, true)
        ];
    end if;
    if traceparent like '00-________________________________-________________-__'
        and traceparent !~ '[^0-9a-f-]'
        and traceparent not like '%-%-%-%-%'
        and traceparent not like '00-00000000000000000000000000000000-%'
        and traceparent not like '%-0000000000000000-__'
    then
        done := array[set_config('aspen.traceparent', traceparent, true)];
    end if;
end
$$;

comment on function authz.name_request(jsonb) is $$Names the transaction after the request

X-Request-Id becomes the application_name, cut after 63 characters, so that what PostgreSQL logs can
be found by what the access log says, and stands beside each change in the audit log. A valid traceparent
(W3C) becomes that of the jobs that the request queues; any other is ignored.$$;

revoke all on function authz.name_request(jsonb) from public;
grant execute on function authz.name_request(jsonb) to claims_reader;
