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
                when 401 then '{"WWW-Authenticate": "Bearer"}'::jsonb
                when 429 then '{"Retry-After": "1"}'::jsonb
                else '{}'::jsonb
            end || coalesce((
                -- Whose request it was is for the access log; the edge keeps it to itself.
                select jsonb_build_object('Aspen-User', caller.user_id)
                from nullif(current_setting('aspen.user_id', true), '') as caller(user_id)
                where caller.user_id is not null
            ), '{}'::jsonb)
        )::text;
end
$$;

comment on function internal.fail(integer, text, text, text, text) is $$Refuse a request

Raises PostgREST's JSON error with this HTTP status and stable code (docs/errors.md). message is
fixed text; values go into details, what to do about it into hint. Never returns.$$;

revoke all on function internal.fail(integer, text, text, text, text) from public;
grant execute on function internal.fail(integer, text, text, text, text)
to anon, member, operator, job, claims_reader, api_writer, presigner;
