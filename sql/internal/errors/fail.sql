-- The only place that raises an error for a client. It uses the JSON form of PostgREST, which keeps
-- the standard reason phrase: with PTxyz the message would become part of the status line and could
-- inject headers.
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
                when 303 then '{"Location": "/rpc/kept_answer"}'
                when 401 then '{"WWW-Authenticate": "Bearer"}'::jsonb
                when 429 then jsonb_build_object(
                    'Retry-After',
                    coalesce(nullif(current_setting('aspen.retry_after', true), ''), '1')
                )
                else '{}'::jsonb
            end || coalesce(
                nullif(current_setting('aspen.version_headers', true), '')::jsonb, '{}'
            ) || coalesce((
                -- Tells the access log who sent the request; the edge does not pass it on.
                select jsonb_build_object(
                    'Aspen-User', caller.user_id,
                    'Aspen-Groups', array_to_string((nullif(
                        current_setting('aspen.direct_groups', true), ''
                    )::bigint[])[:100], ',')
                )
                from nullif(current_setting('aspen.user_id', true), '') as caller(user_id)
                where caller.user_id is not null
            ), '{}'::jsonb)
        )::text;
end
$$;

comment on function internal.fail(integer, text, text, text, text) is $$Reject a request

Raises PostgREST's JSON error with this HTTP status and a stable code (docs/errors.md). message is
fixed text; details holds the values, hint says what to do. Never returns.$$;

revoke all on function internal.fail(integer, text, text, text, text) from public;
grant execute on function internal.fail(integer, text, text, text, text)
to anon, member, operator, job, claims_reader, api_writer, job_runner, presigner,
registrar, results_keeper;
