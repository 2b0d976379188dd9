-- The only place that raises an error meant for a client. PostgREST's JSON form keeps the standard
-- reason phrase: with PTxyz the message would become part of the status line, header injection
-- included.
create or replace function internal.fail(
    status integer,
    code text,
    message text,
    details text default null,
    hint text default null
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    raise sqlstate 'PGRST' using
        message = json_build_object('code', code, 'message', message, 'details', details, 'hint',
            hint)::text,
        detail = json_build_object(
            'status', status,
            'headers', case status
                when 401 then '{"WWW-Authenticate": "Bearer"}'::json
                when 429 then '{"Retry-After": "1"}'::json
                else '{}'::json
            end
        )::text;
end
$$;

comment on function internal.fail(integer, text, text, text, text) is $$Refuse a request

Raises PostgREST's JSON error with this HTTP status and stable code (docs/errors.md). message is
fixed text; values go into details, what to do about it into hint. Never returns.$$;

revoke all on function internal.fail(integer, text, text, text, text) from public;
grant execute on function internal.fail(integer, text, text, text, text)
to anon, member, operator, job, claims_reader, api_writer, presigner;
