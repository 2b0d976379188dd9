-- Notes a row that has problems and leaves it out; internal.raise_problems ends the statement.
-- definer because API roles may not name internal.noted_problems.
create or replace function internal.check_values()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    row_number integer
        := coalesce(nullif(current_setting('aspen.row_number', true), ''), '0')::integer + 1;
    given jsonb := to_jsonb(new);
    problems jsonb := '[]';
begin
    if tg_op = 'INSERT' then
        perform set_config('aspen.row_number', row_number::text, true);
    end if;
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        problems := internal.noted_problems(given);
    end if;
    for position in 0..tg_nargs - 1 loop
        if given ->> tg_argv[position] is null
            and not problems @> jsonb_build_array(jsonb_build_object('field', tg_argv[position]))
        then
            problems := problems || jsonb_build_object(
                'field', tg_argv[position], 'value', null, 'reason', 'is required');
        end if;
    end loop;
    if problems = '[]' then
        return new;
    end if;
    perform internal.note_problems(
        case tg_op
            when 'INSERT' then jsonb_build_object('row', row_number)
            else jsonb_build_object('id', given -> 'id')
        end,
        problems
    );
    return null;
end
$$;

comment on function internal.check_values() is $$Trigger: leave out a row with invalid values

Arguments: the columns that are required.$$;

revoke all on function internal.check_values() from public;
