-- definer because API roles may not name internal.fail.
create or replace function internal.raise_problems()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    problems json := ('[' || nullif(current_setting('aspen.problems', true), '') || ']')::json;
    total bigint := nullif(current_setting('aspen.problem_count', true), '')::bigint;
begin
    perform set_config('aspen.row_number', '', true);
    if total is not null then
        if tg_table_name = 'sequences' then
            perform internal.fail(400, 'invalid_sequence', 'Nothing was stored: some sequences are invalid',
                internal.listed_problems(problems, total),
                'Send IUPAC nucleotide codes and gaps only, without a FASTA header.');
        end if;
        perform internal.fail(400, 'invalid_value', 'Nothing was stored: some values are invalid',
            internal.listed_problems(problems, total));
    end if;
    return null;
end
$$;

comment on function internal.raise_problems() is
$$Trigger: reject a statement, naming every problem of its rows

Errors: 400 invalid_value, invalid_sequence.$$;

revoke all on function internal.raise_problems() from public;
