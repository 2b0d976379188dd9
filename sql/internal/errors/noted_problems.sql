-- Each stand-in for an invalid value contains the number of its note (internal.note_bad_value). A
-- boolean has no stand-in: its notes belong, in their order, to the booleans of the row that are
-- null, because the cells of a row are read right before its trigger runs.
create or replace function internal.noted_problems(new_row jsonb)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    notes jsonb := '[]';
    flags text[] := string_to_array(nullif(current_setting('aspen.bad_flags', true), ''), ',');
    cell record;
    number integer;
    problems jsonb := '[]';
begin
    for cell in select cells.key as field, cells.value from jsonb_each_text(new_row) as cells loop
        number := case
            when cell.value is null then
                case when cell.field ~ '^(is|has|agreed)_' then flags[1]::integer end
            when cell.value ~ '^[0-9]{4,}-[0-9T:.+-]+ BC$' then
                case when cell.value like '%T%'
                    then extract(day from '0001-01-01 00:00:00+00 BC' - cell.value::timestamptz)
                    else '0001-01-01 BC' - cell.value::date
                end
            when cell.value ~ '^-4[0-9]{18}$' then -4000000000000000000 - cell.value::bigint
            when cell.value ~ '^-1000000[0-9]{6}$' then -1000000000000 - cell.value::bigint
            when cell.value ~ E'^\u0001[0-9]{1,9}$' then substr(cell.value, 2)::integer
            when cell.value ~ '^\["\\u0001[0-9]{1,9}"\]$'
                then substring(cell.value from '\\u0001([0-9]+)')::integer
        end;
        if number is not null then
            -- A note that was only counted has no entry to read.
            if number <= 200 then
                notes := ('[' || current_setting('aspen.bad_values') || ']')::jsonb;
            end if;
            if cell.value is null then
                flags := flags[2:];
                perform set_config('aspen.bad_flags', array_to_string(flags, ','), true);
            end if;
            problems := problems || jsonb_build_object(
                'field', cell.field,
                'value', notes -> (number - 1) -> 'value',
                'reason', coalesce(notes -> (number - 1) ->> 'reason', 'is not usable')
            );
        end if;
    end loop;
    return problems;
end
$$;

comment on function internal.noted_problems(jsonb) is
$$What is wrong with the values of a new row, as noted by casts

Returns [{field, value, reason}], empty if nothing is wrong.$$;

revoke all on function internal.noted_problems(jsonb) from public;
grant execute on function internal.noted_problems(jsonb) to anon, member, operator, job, api_writer;
