-- Sees every row, because it counts them; internal.normalise_sequence, which runs after it, checks
-- the bases. A row with problems is noted and left out; internal.raise_problems ends the statement.
-- The rules are in internal.sequencing_problems; the `if` repeats them, because calling it for
-- every row of a FASTA file would cost more. They are the last line of defence: the table checks
-- the first day too, but a check cannot know today and lets NaN pass as the largest number.
-- definer because API roles may not name internal.note_problems.
create or replace function internal.check_sequence()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    row_number integer
        := coalesce(nullif(current_setting('aspen.row_number', true), ''), '0')::integer + 1;
    problems jsonb := '[]';
begin
    if tg_op = 'INSERT' then
        perform set_config('aspen.row_number', row_number::text, true);
    end if;
    if new.sequencing_date not between '1970-01-01' and current_date + 1
        or not (new.sequencing_depth >= 0 and new.sequencing_depth < 'Infinity')
        or new.group_id is null
        or new.sample_id is null
        or coalesce(current_setting('aspen.bad_value_count', true), '') <> ''
    then
        problems := internal.noted_problems(jsonb_build_object(
            'group_id', new.group_id, 'sample_id', new.sample_id,
            'sequencing_date', new.sequencing_date, 'sequencing_depth', new.sequencing_depth,
            'created_at', new.created_at, 'updated_at', new.updated_at
        ));
        problems := problems || (
            select coalesce(jsonb_agg(jsonb_build_object(
                'field', found.field, 'value', found.value, 'reason', found.reason
            )), '[]')
            from (
                select field, value, reason
                from internal.sequencing_problems(new.sequencing_date, new.sequencing_depth)
                union all
                select field, null, 'is required'
                from (values ('group_id', new.group_id), ('sample_id', new.sample_id))
                    as keys (field, id)
                where id is null
            ) as found
            where not problems @> jsonb_build_array(jsonb_build_object('field', found.field))
        );
    end if;
    if problems = '[]' then
        return new;
    end if;
    perform internal.note_problems(
        case tg_op
            when 'INSERT' then jsonb_build_object('row', row_number)
            else jsonb_build_object('id', new.id)
        end || case
            when problems @> '[{"field": "sample_id"}]' then '{}'
            else jsonb_build_object('sample_id', new.sample_id)
        end,
        problems
    );
    return null;
end
$$;

comment on function internal.check_sequence() is
'Trigger: leave out a sequence with an invalid date, depth or id';

revoke all on function internal.check_sequence() from public;
