-- Runs as the trigger that calls it, so row-level security holds.
create or replace function internal.store_noted_changes(inputs internal.sample_input[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
-- A plan made while a table is empty would read all of it, and still do so when it is full.
set enable_seqscan = 'off'
as $$
declare
    bad_id bigint;
    problems jsonb;
begin
    select input.row_number, found.problems
    into bad_id, problems
    from unnest(inputs) with ordinality as input
    cross join lateral internal.sample_row_problems(input.sample, input.problems) as found
    where found.problems is not null
    order by input.ordinality
    limit 1;
    if problems is not null then
        perform internal.fail(400, 'invalid_sample', 'Nothing was changed: a sample is invalid', (
            select json_agg(json_build_object(
                'id', bad_id, 'field', problem.field, 'value', problem.value,
                'reason', problem.reason
            ))
            from jsonb_to_recordset(problems) as problem(field text, value text, reason text)
        )::text);
    end if;
    perform internal.change_samples(array(select input.cells from unnest(inputs) as input));
end
$$;

comment on function internal.store_noted_changes(internal.sample_input[]) is
$$Write rows of a PATCH unless one is invalid

inputs: the id of the row as row_number, the row as sample, the columns that change as cells, and as problems those of values that cannot
be read. Errors: 400 invalid_sample, 409 sample_exists.$$;

revoke all on function internal.store_noted_changes(internal.sample_input[]) from public;
grant execute on function internal.store_noted_changes(internal.sample_input[]) to api_writer;
