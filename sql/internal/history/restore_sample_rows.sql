create or replace function internal.restore_sample_rows(
    group_id bigint,
    ids bigint[],
    moment timestamptz
)
returns json
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
set enable_hashjoin = 'off'
set enable_mergejoin = 'off'
as $$
#variable_conflict use_column
declare
    samples internal.past_sample[];
    restored aspen.samples[];
    changes json;
    is_unknown boolean;
    is_gone boolean;
    problems json;
    problem_count bigint;
begin
    -- In the order in which batches lock, see internal.lock_samples.
    perform stored.id
    from aspen.samples as stored
    where stored.id = any(restore_sample_rows.ids)
        and stored.group_id + 0 = restore_sample_rows.group_id
    order by stored.private_identifier collate "C"
    for update;
    samples := internal.past_samples(restore_sample_rows.group_id, restore_sample_rows.ids, moment);

    with found as materialized (
        select problem.*
        from internal.past_sample_problems(restore_sample_rows.group_id, samples) as problem
    )

    select
        (
            select json_agg(json_build_object(
                'row', named.row_number,
                'private_identifier', named.private_identifier,
                'field', named.field,
                'value', named.value,
                'reason', named.reason
            ) order by named.row_number, named.field)
            from (select * from found order by found.row_number, found.field limit 200) as named
        ),
        (select count(*) from found),
        (select bool_and(found.kind = 'unknown') from found),
        (select bool_and(found.kind <> 'clash') from found)
    into problems, problem_count, is_unknown, is_gone;
    if problems is not null then
        perform internal.fail(
            case when is_unknown then 404 when is_gone then 410 else 409 end,
            case
                when is_unknown then 'sample_not_found'
                when is_gone then 'sequence_not_kept'
                else 'sample_exists'
            end,
            'Nothing was restored: some samples cannot be',
            internal.listed_problems(problems, problem_count),
            'Correct or leave out the named rows and send the whole batch again.'
        );
    end if;

    select json_agg(json_build_object('id', stored.id)::jsonb || differences.cells)
    into changes
    from unnest(samples) as past
    inner join aspen.samples as stored on past.sample_id = stored.id
    cross join lateral (
        select jsonb_object_agg(cells.key, cells.value) as cells
        from jsonb_each(to_jsonb(past.sample)) as cells
        where cells.value <> to_jsonb(stored) -> cells.key
            and cells.key not in (
                'id', 'group_id', 'pathogen_id', 'uploaded_by_id', 'created_at', 'updated_at',
                'disclosed_at'
            )
    ) as differences
    where past.is_stored and differences.cells is not null;
    if changes is not null then
        perform internal.store_changes(restore_sample_rows.group_id, changes);
    end if;
    update aspen.samples as stored
    set pathogen_id = (past.sample).pathogen_id
    from unnest(samples) as past
    where stored.id = past.sample_id and stored.pathogen_id <> (past.sample).pathogen_id;

    restored := array(
        select jsonb_populate_record(past.sample, jsonb_build_object(
            'uploaded_by_id', authz.named_user((past.sample).uploaded_by_id) -> 'id'))
        from unnest(samples) as past
        where not past.is_stored
        order by (past.sample).private_identifier collate "C"
    );
    if cardinality(internal.insert_sample_rows(restored)) < cardinality(restored) then
        raise sqlstate '55000' using message = 'An identifier was taken in the meantime';
    end if;

    -- One sequence at a time is in memory, whatever the size of the batch.
    insert into aspen.sequences (group_id, sample_id, sequence, sequencing_date, sequencing_depth)
    select
        replaced.group_id, replaced.sample_id, replaced.sequence, replaced.sequencing_date,
        replaced.sequencing_depth
    from unnest(samples) as past
    inner join aspen.replaced_sequences as replaced on past.replaced_sequence_id = replaced.id
    on conflict (group_id, sample_id) do update set
        sequence = excluded.sequence,
        sequencing_date = excluded.sequencing_date,
        sequencing_depth = excluded.sequencing_depth;

    return (
        select json_agg(json_build_object(
            'id', past.sample_id,
            'private_identifier', (past.sample).private_identifier,
            'public_identifier', (past.sample).public_identifier,
            'was_deleted', not past.is_stored,
            'has_restored_sequence', past.replaced_sequence_id is not null
        ) order by past.row_number)
        from unnest(samples) as past
    );
end
$$;

comment on function internal.restore_sample_rows(bigint, bigint[], timestamptz) is
$$One attempt of internal.restore_samples

Fails if another request stores, deletes or renames one of the samples at the same time: with a
unique violation, a deadlock, or 55000.$$;

revoke all on function internal.restore_sample_rows(bigint, bigint[], timestamptz) from public;
grant execute on function internal.restore_sample_rows(bigint, bigint[], timestamptz)
to api_writer;
