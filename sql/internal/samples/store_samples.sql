-- Reads the batch, looks once at what is stored, and locks and writes rows only if there is no
-- problem. The trigger that stores the bases checks them; if it rejects one sequence, all are
-- checked again, so that the error lists every invalid one.
-- Plans are kept, here and in the functions this calls: a custom plan contains the batch as a
-- constant, copied several times, and plans each foreign key again for each row. Hence samples are
-- only looked up by a key, never joined, so that the plan of a small group serves a large one.
-- If another request stores, deletes or renames one of the samples after the look, the attempt ends
-- and internal.create_samples calls again.
create or replace function internal.store_samples(
    group_id bigint,
    pathogen aspen.pathogens,
    samples json,
    on_conflict text
)
returns json
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
-- A plan made while a table is empty would read all of it, and still do so when it is full.
set enable_seqscan = 'off'
set lock_timeout = '100s'
as $$
#variable_conflict use_column
declare
    inputs internal.sample_input[];
    error_message text;
    error_detail text;
begin
    inputs := internal.sample_inputs(
        store_samples.group_id, store_samples.pathogen, store_samples.samples,
        store_samples.on_conflict
    );
    inputs := internal.place_samples(inputs);
    perform internal.refuse_bad_samples(inputs);
    perform internal.store_sample_rows(inputs);
    perform internal.store_sequence_rows(store_samples.group_id, store_samples.samples, inputs);
    return (
        select json_agg(json_build_object(
            'id', (input.sample).id,
            'private_identifier', (input.sample).private_identifier,
            'public_identifier', coalesce(
                case when input.outcome <> 'skipped' then input.cells ->> 'public_identifier' end,
                (
                    select stored.public_identifier
                    from aspen.samples as stored
                    where stored.id = (input.sample).id
                )
            ),
            'outcome', input.outcome,
            -- Not `exists`: PostgreSQL 15 would hash all sequences of the group for it.
            'has_sequence', (
                select sequences.id
                from aspen.sequences as sequences
                where
                    sequences.group_id = store_samples.group_id
                    and sequences.sample_id = (input.sample).id
            ) is not null
        ) order by input.row_number)
        from unnest(inputs) as input
    );
exception
    when sqlstate 'PGRST' then
        get stacked diagnostics error_message = message_text, error_detail = pg_exception_detail;
        if error_message::json ->> 'code' = 'invalid_sequence' then
            perform internal.refuse_bad_sequences(
                store_samples.samples, error_message::json ->> 'hint');
        end if;
        raise sqlstate 'PGRST' using message = error_message, detail = error_detail;
end
$$;

comment on function internal.store_samples(bigint, aspen.pathogens, json, text) is
$$One attempt of internal.create_samples

Fails if another request stores, deletes or renames one of the samples at the same time: with a
unique violation, a deadlock, or 55000.$$;

revoke all on function internal.store_samples(bigint, aspen.pathogens, json, text) from public;
grant execute on function internal.store_samples(bigint, aspen.pathogens, json, text) to api_writer;
