-- A row with problems is noted, not stored, and internal.raise_sample_problems ends the statement,
-- naming all of them. Whether an identifier exists is not looked up for each row: the insert finds
-- out, and the end of the statement looks up which. Runs as the trigger that calls it, so row-level
-- security holds.
create or replace function internal.store_noted_samples(inputs internal.sample_input[])
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
    stored_ids bigint[];
    bad_rows bigint[] := '{}';
    bad record;
begin
    for bad in
        select
            input.row_number,
            coalesce(
                jsonb_path_query_first(
                    input.problems, '$[*] ? (@.field == "private_identifier").value') #>> '{}',
                (input.sample).private_identifier
            ) as private_identifier,
            found.problems
        from unnest(inputs) as input
        cross join lateral internal.sample_row_problems(input.sample, input.problems) as found
        where found.problems is not null
        order by input.row_number
    loop
        bad_rows := bad_rows || bad.row_number;
        perform internal.note_sample_problems(
            bad.row_number::integer, bad.private_identifier, bad.problems);
    end loop;
    stored_ids := internal.insert_sample_rows(array(
        select input.sample
        from unnest(inputs) as input
        where input.row_number <> all(bad_rows)
        order by input.row_number
    ));
    if cardinality(stored_ids) < cardinality(inputs) - cardinality(bad_rows) then
        for bad in
            select input.row_number, input.sample
            from unnest(inputs) as input
            where input.row_number <> all(bad_rows) and (input.sample).id <> all(stored_ids)
            order by input.row_number
        loop
            perform internal.note_sample_problems(
                bad.row_number::integer, (bad.sample).private_identifier,
                jsonb_build_object('taken_in_group', (bad.sample).group_id,
                    'public_identifier', (bad.sample).public_identifier));
        end loop;
    end if;
end
$$;

comment on function internal.store_noted_samples(internal.sample_input[]) is
$$Store rows of a POST and note what is wrong with the others

inputs: row_number, sample and problems, which are those of values that cannot be read.$$;

revoke all on function internal.store_noted_samples(internal.sample_input[]) from public;
grant execute on function internal.store_noted_samples(internal.sample_input[]) to api_writer;
