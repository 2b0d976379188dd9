-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
create or replace function internal.cell_problem(cell json, cell_type text, value jsonb)
returns text
language sql
immutable
security invoker
begin atomic
    select
        case
            when
                cell_problem.value is not null
                and (cell_problem.cell_type <> 'text' or json_typeof(cell_problem.cell) = 'string')
                then null
            when internal.cell_text(cell_problem.cell) is null then null
            else
                case cell_problem.cell_type
                    when 'text' then 'must be a text'
                    when 'aspen.day' then 'must be a date YYYY-MM-DD'
                    when 'aspen.key' then 'must be an integer of at most 18 digits'
                    when 'aspen.flag' then 'must be true or false'
                    when 'aspen.amount' then 'must be a number'
                    when 'text[]' then 'must be an array of names'
                end
        end;
end;

comment on function internal.cell_problem(json, text, jsonb) is
$$What is wrong with a cell of a batch, in words, or null

value: what internal.cell_value() returned for the cell.$$;

revoke all on function internal.cell_problem(json, text, jsonb) from public;
grant execute on function internal.cell_problem(json, text, jsonb) to api_writer;
