-- Runs for every row under the settings of the trigger that calls it, which keep its plan.
create or replace function internal.sample_row_problems(sample aspen.samples, noted jsonb)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    found jsonb;
begin
    select jsonb_agg(jsonb_build_object(
        'field', problem.field, 'value', problem.value, 'reason', problem.reason
    ))
    into found
    from internal.sample_problems(sample) as problem
    -- A value that could not be read stands in the row for another.
    where not noted @> jsonb_build_array(jsonb_build_object('field', problem.field));
    return nullif(noted || coalesce(found, '[]'), '[]');
end
$$;

comment on function internal.sample_row_problems(aspen.samples, jsonb) is $$What is wrong with a row of a POST or PATCH, or null

noted: what internal.noted_problems found. Returns [{field, value, reason}].$$;

revoke all on function internal.sample_row_problems(aspen.samples, jsonb) from public;
grant execute on function internal.sample_row_problems(aspen.samples, jsonb) to api_writer;
