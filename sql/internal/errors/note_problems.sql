-- Problems after the first 200 are only counted: nobody reads thousands, and appending them one by
-- one to a long text takes quadratic time.
create or replace function internal.note_problems(row_key jsonb, problems jsonb)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    total integer := coalesce(nullif(current_setting('aspen.problem_count', true), ''),
        '0')::integer;
begin
    if total < 200 then
        perform set_config('aspen.problems', concat_ws(',',
            nullif(current_setting('aspen.problems', true), ''), (
                select string_agg((row_key || problem.value)::text, ',')
                from jsonb_array_elements(problems) as problem(value)
            )), true);
    end if;
    perform set_config('aspen.problem_count', (total + jsonb_array_length(problems))::text, true);
end
$$;

comment on function internal.note_problems(jsonb, jsonb) is
$$Note what is wrong with a row of a statement

row_key: what identifies the row; problems: [{field, value, reason}]. internal.raise_problems reads
the notes.$$;

revoke all on function internal.note_problems(jsonb, jsonb) from public;
grant execute on function internal.note_problems(jsonb, jsonb) to api_writer;
