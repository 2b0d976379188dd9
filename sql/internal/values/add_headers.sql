create or replace function internal.add_headers(headers jsonb)
returns void
language sql
volatile
security invoker
begin atomic
    select
        set_config(
            'response.headers',
            (
                coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb
                || add_headers.headers
            )::text,
            true
        );
end;

comment on function internal.add_headers(jsonb) is $$Add headers to the response

An array of objects, as PostgREST takes them: [{"Content-Type": "text/csv"}]. Those that are there stay.$$;

revoke all on function internal.add_headers(jsonb) from public;
grant execute on function internal.add_headers(jsonb)
to anon, member, operator, job, api_writer, job_runner, claims_reader;
