-- Two settings, a short and a long one: appending 10,000 times to one long text is quadratic.
create or replace function internal.note_sample_problems(
    row_number integer,
    private_identifier text,
    problems jsonb
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    noted text := concat_ws(',', nullif(current_setting('aspen.sample_problems', true), ''), (
        select string_agg((
            jsonb_build_object(
                'row', row_number,
                'private_identifier', left(private_identifier, 200)
            ) || problem.value
        )::text, ',')
        from jsonb_path_query(problems, '$[*]') as problem(value)
    ));
begin
    if octet_length(noted) > 50000 then
        perform set_config('aspen.more_sample_problems',
            concat_ws(',', nullif(current_setting('aspen.more_sample_problems', true), ''), noted),
            true);
        noted := '';
    end if;
    perform set_config('aspen.sample_problems', noted, true);
end
$$;

comment on function internal.note_sample_problems(integer, text, jsonb) is
$$Remembers what is wrong with a row of a statement

problems: one or several of {field, value, reason}, or {taken_in_group, public_identifier} where the
insert met an identifier that exists. internal.raise_sample_problems reads them.$$;

revoke all on function internal.note_sample_problems(integer, text, jsonb) from public;
grant execute on function internal.note_sample_problems(integer, text, jsonb) to api_writer;
