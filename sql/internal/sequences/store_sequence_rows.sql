-- Rows that exist are locked after the samples, as registering results does, and in the same order.
-- The batch is read a second time for its sequences, beside the entries and not joined to them: a
-- join might put 300 MB into a hash. The trigger that stores a sequence checks its bases, because
-- a second look at all of them costs as much as storing them.
create or replace function internal.store_sequence_rows(
    group_id bigint,
    samples json,
    inputs internal.sample_input[]
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    dated_ids bigint[];
    dated_cells jsonb;
begin
    perform locked.id
    from (
        select (input.sample).id
        from unnest(inputs) as input
        where input.outcome = 'updated'
            and (input.has_sequence or input.cells ?| '{sequencing_date,sequencing_depth}')
        order by (input.sample).private_identifier collate "C"
    ) as wanted
    cross join lateral (
        select sequences.id
        from aspen.sequences as sequences
        where sequences.group_id = store_sequence_rows.group_id
            and sequences.sample_id = wanted.id
        for no key update
    ) as locked;

    -- Found by their keys and told apart by a map: a join might compare each with every entry.
    select array_agg(found.id), jsonb_object_agg((input.sample).id, input.cells)
    into dated_ids, dated_cells
    from unnest(inputs) as input
    cross join lateral (
        select sequences.id
        from aspen.sequences as sequences
        where sequences.group_id = store_sequence_rows.group_id
            and sequences.sample_id = (input.sample).id
        offset 0
    ) as found
    where input.outcome = 'updated'
        and not input.has_sequence
        and input.cells ?| '{sequencing_date,sequencing_depth}';
    if dated_ids is not null then
        update aspen.sequences as stored
        set
            sequencing_date = case when dated_cells -> stored.sample_id::text ? 'sequencing_date'
                then (dated_cells -> stored.sample_id::text ->> 'sequencing_date')::date
                else stored.sequencing_date end,
            sequencing_depth = case when dated_cells -> stored.sample_id::text ? 'sequencing_depth'
                then (dated_cells -> stored.sample_id::text ->> 'sequencing_depth')::double precision
                else stored.sequencing_depth end
        where stored.id = any(dated_ids);
    end if;

    insert into aspen.sequences (group_id, sample_id, sequence, sequencing_date, sequencing_depth)
    select
        store_sequence_rows.group_id,
        (entry.sample).id,
        entry.item ->> 'sequence',
        -- What an existing sequence has and the entry does not name stays.
        case when entry.cells ? 'sequencing_date'
            then (entry.cells ->> 'sequencing_date')::date else stored.sequencing_date end,
        case when entry.cells ? 'sequencing_depth'
            then (entry.cells ->> 'sequencing_depth')::double precision
            else stored.sequencing_depth end
    from rows from (json_array_elements(samples), unnest(inputs))
        as entry(item, row_number, outcome, sample, cells, problems, has_sequence)
    left join lateral (
        select sequences.sequencing_date, sequences.sequencing_depth
        from aspen.sequences as sequences
        where sequences.group_id = store_sequence_rows.group_id
            and sequences.sample_id = (entry.sample).id
            and entry.outcome = 'updated'
        offset 0
    ) as stored on true
    where entry.has_sequence and entry.outcome in ('created', 'updated')
    on conflict (group_id, sample_id) do update
    set
        sequence = excluded.sequence,
        sequencing_date = excluded.sequencing_date,
        sequencing_depth = excluded.sequencing_depth
    where
        (excluded.sequence, excluded.sequencing_date, excluded.sequencing_depth)
        is distinct from
        (sequences.sequence, sequences.sequencing_date, sequences.sequencing_depth);
end
$$;

comment on function internal.store_sequence_rows(bigint, json, internal.sample_input[]) is
'Store the sequences of a batch, or new dates and depths of stored ones';

revoke all on function internal.store_sequence_rows(bigint, json, internal.sample_input[]) from public;
grant execute on function internal.store_sequence_rows(bigint, json, internal.sample_input[])
to api_writer;
