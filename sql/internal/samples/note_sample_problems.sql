-- Problems after the first 200 are only counted: nobody reads thousands, and appending them one by
-- one to a long text takes quadratic time.
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
    found integer := case jsonb_typeof(problems)
        when 'array' then jsonb_array_length(problems) else 1
    end;
    total integer := coalesce(nullif(current_setting('aspen.sample_problem_count', true), ''),
        '0')::integer;
begin
    if total < 200 then
        perform set_config('aspen.sample_problems', concat_ws(',',
            nullif(current_setting('aspen.sample_problems', true), ''), (
                select string_agg((
                    jsonb_build_object(
                        'row', row_number,
                        'private_identifier', left(private_identifier, 200)
                    ) || problem.value
                )::text, ',')
                from jsonb_path_query(problems, '$[*]') as problem(value)
            )), true);
    end if;
    perform set_config('aspen.sample_problem_count', (total + found)::text, true);
    if problems ? 'taken_in_group' then
        perform set_config('aspen.has_taken_identifiers', 'true', true);
    end if;
end
$$;

comment on function internal.note_sample_problems(integer, text, jsonb) is
$$Note what is wrong with a row of a statement

problems: one or several of {field, value, reason}, or {taken_in_group, public_identifier} where the
insert found an identifier that exists. internal.raise_sample_problems reads the notes.$$;

revoke all on function internal.note_sample_problems(integer, text, jsonb) from public;
grant execute on function internal.note_sample_problems(integer, text, jsonb) to api_writer;
