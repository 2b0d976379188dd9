-- A cast sees one value and neither its row nor its column. So it notes what is wrong and returns a
-- stand-in, a value that nobody can mean, made of the number of the note: a day before Christ, an
-- integer below -4 * 10^18, a number below -10^12, a text that begins with U+0001; for a boolean,
-- which has no such value, null. internal.noted_problems finds the column of each stand-in, and
-- internal.refuse_noted_values reports the notes whose column was not found.
-- Notes after the first 200 are only counted: nobody reads thousands.
create or replace function internal.note_bad_value(
    cell json,
    reason text,
    is_flag boolean default false
)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    number integer := coalesce(nullif(current_setting('aspen.bad_value_count', true), ''),
        '0')::integer + 1;
begin
    perform set_config('aspen.bad_value_count', number::text, true);
    if number <= 200 then
        perform set_config('aspen.bad_values', concat_ws(',',
            nullif(current_setting('aspen.bad_values', true), ''), json_build_object(
                'value', left(cell #>> '{}', 200), 'reason', reason
            )), true);
    end if;
    if is_flag then
        perform set_config('aspen.bad_flags', concat_ws(',',
            nullif(current_setting('aspen.bad_flags', true), ''), number), true);
    end if;
    return number;
end
$$;

comment on function internal.note_bad_value(json, text, boolean) is $$Note a value that is invalid

Returns the number of the note, from which the stand-in for the value is made.$$;

revoke all on function internal.note_bad_value(json, text, boolean) from public;
grant execute on function internal.note_bad_value(json, text, boolean)
to anon, member, operator, job;
