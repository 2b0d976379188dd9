-- One statement does it all: it reads the batch once, finds every problem, and only where there is
-- none draws ids and writes samples and sequences. The letters of the sequences are checked by the
-- trigger that stores them, because a second look at 300 MB costs as much as storing them; only
-- when it objects are all sequences looked through, to name every bad one.
-- Plans are kept: a custom one holds the batch as a constant, copied several times, and plans each
-- foreign key anew for each row. Hence samples are only ever looked up by a key, never joined: a
-- small group's plan serves a large one.
-- What another request stored, deleted or renamed since the statement began ends it, and
-- internal.create_samples calls again. All batches lock in one order, that of the private
-- identifiers, first what exists and then what is new: none waits for one that waits for it.
create or replace function internal.store_samples(
    group_id bigint,
    pathogen text,
    samples json,
    on_conflict text
)
returns json
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
-- Of an empty table a plan would read all, and go on when it is full.
set enable_seqscan = 'off'
set lock_timeout = '100s'
as $$
#variable_conflict use_column
declare
    pathogen_row aspen.pathogens;
    problems json;
    problem_count bigint;
    is_conflict boolean;
    missed_count bigint;
    outcome json;
    error_message text;
    error_detail text;
begin
    select pathogens.* into pathogen_row
    from aspen.pathogens as pathogens
    where pathogens.slug = store_samples.pathogen;
    if pathogen_row.id is null then
        perform internal.fail(400, 'unknown_pathogen', 'There is no such pathogen',
            json_build_object('pathogen', left(store_samples.pathogen, 200))::text,
            'Use the slug of one of pathogens.');
    end if;
    if json_typeof(store_samples.samples) is distinct from 'array' then
        perform internal.fail(400, 'invalid_argument', 'samples must be an array of objects');
    end if;
    if json_array_length(store_samples.samples) > 100000 then
        perform internal.fail(413, 'batch_too_large', 'A batch has at most 100000 samples',
            json_build_object('samples', json_array_length(store_samples.samples))::text,
            'Send it in parts.');
    end if;

    with input as materialized (
        select batch.* from internal.sample_batch(store_samples.samples) as batch
    ),

    -- Look-ups instead of joins: they keep the order, so that ids ascend as the samples were given.
    -- + 0 as in policies/samples.sql. offset 0 keeps the look-up from being done once for each use.
    -- Without the sequences, which would go to disk and be read again by every use of this.
    target as materialized (
        select
            known.*,
            known.existing_id is not null as is_existing,
            -- What a row that exists does not name stays; of a row that is skipped all does.
            known.existing_id is not null and store_samples.on_conflict <> 'error' as is_partial,
            coalesce(known.existing_id, nextval('aspen.samples_id_seq')) as id
        from (
            select
                input.row_number,
                input.is_object,
                input.unknown_keys,
                input.bad_cells,
                input.private_identifier,
                input.public_identifier,
                input.collection_date,
                input.location_id,
                input.is_private,
                input.sample_collected_by,
                input.sample_collector_contact_email,
                input.sample_collector_contact_address,
                input.authors,
                input.organism,
                input.host,
                input.purpose_of_sampling,
                input.specimen_processing,
                input.sequencing_date,
                input.sequencing_depth,
                input.given_keys,
                input.sequence is not null as has_sequence,
                (
                    select existing.id
                    from aspen.samples as existing
                    where
                        existing.group_id + 0 = store_samples.group_id
                        and existing.private_identifier = input.private_identifier
                ) as existing_id,
                (
                    select others.id
                    from aspen.samples as others
                    where
                        others.group_id + 0 = store_samples.group_id
                        and others.public_identifier = input.public_identifier
                ) as public_identifier_holder_id,
                exists (
                    select from aspen.locations as locations where locations.id = input.location_id
                ) as has_location
            from input
            offset 0
        ) as known
    ),

    problem_rows as materialized (
        select target.row_number, target.private_identifier, found.field, found.value, found.reason
        from target
        cross join lateral (
            select null::text as field, null::text as value, 'is not an object' as reason
            where not target.is_object
            union all
            select keys.key, null, 'is not a column of samples or sequences'
            from unnest(target.unknown_keys) as keys(key)
            union all
            select cells.field, cells.value, cells.reason
            from jsonb_to_recordset(target.bad_cells) as cells (field text, value text, reason text)
            union all
            select checks.field, checks.value, checks.reason
            from (
                select found.field, found.value, found.reason
                from internal.sample_problems(
                    target.private_identifier, target.public_identifier, target.collection_date,
                    target.sample_collected_by, target.sample_collector_contact_email,
                    target.sample_collector_contact_address, target.authors, target.organism,
                    target.host, target.purpose_of_sampling, target.specimen_processing
                ) as found
                union all
                select
                    'location_id',
                    target.location_id::text,
                    case
                        when target.location_id is null then 'is required'
                        else 'is not the id of a location'
                    end
                where not target.has_location
                union all
                select 'is_private', null, 'must be true or false'
                where target.is_private is null
                union all
                select
                    'sequencing_date',
                    target.sequencing_date::text,
                    'must be between 1970-01-01 and today'
                where target.sequencing_date not between '1970-01-01' and current_date + 1
                union all
                select
                    'sequencing_depth',
                    target.sequencing_depth::text,
                    'must be a number, not negative'
                where target.sequencing_depth < 0
            ) as checks
            where
                target.is_object
                and not (
                    checks.field in ('collection_date', 'location_id')
                    and target.is_partial
                    and checks.field <> all(target.given_keys)
                )
                and (
                    checks.field <> 'is_private'
                    or target.is_partial and 'is_private' = any(target.given_keys)
                )
                -- What was not understood is not missing.
                and (
                    target.bad_cells
                    @> jsonb_build_array(jsonb_build_object('field', checks.field))
                ) is not true
            union all
            select 'private_identifier', target.private_identifier, 'already exists in this group'
            where target.is_existing and store_samples.on_conflict = 'error'
        ) as found
        union all
        select
            repeated.row_number,
            repeated.private_identifier,
            'private_identifier',
            repeated.private_identifier,
            'is given more than once in this batch'
        from (
            select
                target.row_number,
                target.private_identifier,
                count(*) over (partition by target.private_identifier) as occurrences
            from target
        ) as repeated
        where repeated.private_identifier is not null and repeated.occurrences > 1
        union all
        select
            repeated.row_number,
            repeated.private_identifier,
            'public_identifier',
            repeated.public_identifier,
            'is given more than once in this batch'
        from (
            select
                target.row_number,
                target.private_identifier,
                target.public_identifier,
                count(*) over (partition by target.public_identifier) as occurrences
            from target
            where target.public_identifier <> ''
        ) as repeated
        where repeated.occurrences > 1
        union all
        select
            target.row_number,
            target.private_identifier,
            'public_identifier',
            target.public_identifier,
            'already exists in this group'
        from target
        where
            target.public_identifier_holder_id is distinct from target.existing_id
            and target.public_identifier_holder_id is not null
            and not (target.is_existing and store_samples.on_conflict = 'skip')
    ),

    held as materialized (
        select locked.id
        from (
            select target.existing_id
            from target
            where
                target.is_existing
                and store_samples.on_conflict = 'update'
                and not exists (select from problem_rows)
            order by target.private_identifier collate "C"
        ) as wanted
        cross join lateral (
            select samples.id
            from aspen.samples as samples
            where samples.id = wanted.existing_id
            for no key update
        ) as locked
    ),

    inserted as (
        insert into aspen.samples (
            id, group_id, pathogen_id, uploaded_by_id, location_id, is_private,
            private_identifier, public_identifier, collection_date,
            sample_collected_by, sample_collector_contact_email, sample_collector_contact_address,
            authors, organism, host, purpose_of_sampling, specimen_processing
        )
        select
            target.id,
            store_samples.group_id,
            pathogen_row.id,
            nullif(current_setting('aspen.user_id', true), '')::bigint,
            target.location_id,
            coalesce(target.is_private, false),
            target.private_identifier,
            coalesce(
                nullif(target.public_identifier, ''),
                internal.generated_public_identifier(
                    target.id, store_samples.group_id, pathogen_row.id, target.location_id
                )
            ),
            target.collection_date,
            target.sample_collected_by,
            target.sample_collector_contact_email,
            target.sample_collector_contact_address,
            coalesce(target.authors, '{}'),
            coalesce(target.organism, pathogen_row.organism),
            target.host,
            target.purpose_of_sampling,
            target.specimen_processing
        from target
        where
            not target.is_existing
            and not exists (select from problem_rows)
            -- Always true; has all of them held first.
            and (select count(held.id) from held) >= 0
        order by target.private_identifier collate "C"
        returning id, public_identifier
    ),

    updated as (
        update aspen.samples as stored
        set
            pathogen_id = pathogen_row.id,
            location_id = case
                when 'location_id' = any(target.given_keys) then target.location_id
                else stored.location_id
            end,
            is_private = coalesce(target.is_private, stored.is_private),
            public_identifier
            = coalesce(nullif(target.public_identifier, ''), stored.public_identifier),
            collection_date = case
                when 'collection_date' = any(target.given_keys) then target.collection_date
                else stored.collection_date
            end,
            sample_collected_by = case
                when 'sample_collected_by' = any(target.given_keys) then target.sample_collected_by
                else stored.sample_collected_by
            end,
            sample_collector_contact_email = case
                when 'sample_collector_contact_email' = any(target.given_keys)
                    then target.sample_collector_contact_email
                else stored.sample_collector_contact_email
            end,
            sample_collector_contact_address = case
                when 'sample_collector_contact_address' = any(target.given_keys)
                    then target.sample_collector_contact_address
                else stored.sample_collector_contact_address
            end,
            authors = case
                when 'authors' = any(target.given_keys) then coalesce(target.authors, '{}')
                else stored.authors
            end,
            organism = case
                when 'organism' = any(target.given_keys) then target.organism
                else stored.organism
            end,
            host = case
                when 'host' = any(target.given_keys) then target.host
                else stored.host
            end,
            purpose_of_sampling = case
                when 'purpose_of_sampling' = any(target.given_keys) then target.purpose_of_sampling
                else stored.purpose_of_sampling
            end,
            specimen_processing = case
                when 'specimen_processing' = any(target.given_keys) then target.specimen_processing
                else stored.specimen_processing
            end
        from target
        where
            stored.id = target.existing_id
            and stored.group_id + 0 = store_samples.group_id
            -- Looked at again where the row was changed meanwhile.
            and stored.private_identifier = target.private_identifier
            and store_samples.on_conflict = 'update'
            and not exists (select from problem_rows)
            and (select count(held.id) from held) >= 0
        returning stored.id, stored.public_identifier
    ),

    -- By row number, as an array and not as a table: a join might put the sequences into a hash.
    writable as materialized (
        select
            array_agg(
                case when target.is_existing then held.id else target.id end
                order by target.row_number
            ) as ids
        from target
        left join held on target.existing_id = held.id
        where not exists (select from problem_rows)
    ),

    -- After the samples, as registering results does, and in the same order.
    held_sequences as materialized (
        select locked.sample_id
        from (
            select target.existing_id
            from target
            where
                target.is_existing
                and store_samples.on_conflict = 'update'
                and (
                    target.has_sequence
                    or target.given_keys && '{sequencing_date,sequencing_depth}'
                )
                and not exists (select from problem_rows)
            order by target.private_identifier collate "C"
        ) as wanted
        cross join lateral (
            select sequences.sample_id
            from aspen.sequences as sequences
            where
                sequences.group_id = store_samples.group_id
                and sequences.sample_id = wanted.existing_id
                and (select count(updated.id) from updated) >= 0
            for no key update
        ) as locked
    ),

    -- Given as null, which an upsert cannot tell from what is not given.
    cleared as materialized (
        select
            array_agg(target.existing_id) filter (
                where target.sequencing_date is null and 'sequencing_date' = any(target.given_keys)
            ) as dates,
            array_agg(target.existing_id) filter (
                where target.sequencing_depth is null and 'sequencing_depth' = any(target.given_keys)
            ) as depths
        from target
        where target.is_partial
    ),

    -- What is given without a sequence, by sample. A map: a join might go through all of it for each
    -- sequence of the group.
    dated as materialized (
        select
            jsonb_object_agg(
                target.existing_id,
                case
                    when 'sequencing_date' = any(target.given_keys)
                        then jsonb_build_object('sequencing_date', target.sequencing_date)
                    else '{}'
                end
                || case
                    when 'sequencing_depth' = any(target.given_keys)
                        then jsonb_build_object('sequencing_depth', target.sequencing_depth)
                    else '{}'
                end
            ) as cells
        from target
        where
            target.is_existing
            and not target.has_sequence
            and target.given_keys && '{sequencing_date,sequencing_depth}'
    ),

    updated_sequences as (
        update aspen.sequences as stored
        set
            sequencing_date = case
                when (dated.cells -> stored.sample_id::text) ? 'sequencing_date'
                    then (dated.cells -> stored.sample_id::text ->> 'sequencing_date')::date
                else stored.sequencing_date
            end,
            sequencing_depth = case
                when (dated.cells -> stored.sample_id::text) ? 'sequencing_depth'
                    then
                        (
                            dated.cells -> stored.sample_id::text ->> 'sequencing_depth'
                        )::double precision
                else stored.sequencing_depth
            end
        from dated
        where
            stored.group_id = store_samples.group_id
            and dated.cells ? stored.sample_id::text
            and store_samples.on_conflict = 'update'
            -- Asked once: where there is none, the group's sequences are not looked through.
            and (select dated.cells from dated) is not null
            and not exists (select from problem_rows)
            and (select count(held_sequences.sample_id) from held_sequences) >= 0
    ),

    written_sequences as (
        insert into aspen.sequences (
            group_id, sample_id, sequence, sequencing_date, sequencing_depth
        )
        select
            store_samples.group_id,
            owned.sample_id,
            owned.sequence,
            owned.sequencing_date,
            owned.sequencing_depth
        from (
            select
                (select writable.ids from writable)[input.row_number] as sample_id,
                input.sequence,
                input.sequencing_date,
                input.sequencing_depth
            from input
            where input.sequence is not null
        ) as owned
        where
            owned.sample_id is not null
            and (select count(held_sequences.sample_id) from held_sequences) >= 0
        on conflict (group_id, sample_id) do update
        set
            sequence = excluded.sequence,
            sequencing_date = case
                when sequences.sample_id = any((select cleared.dates from cleared)::bigint[])
                    then null
                else coalesce(excluded.sequencing_date, sequences.sequencing_date)
            end,
            sequencing_depth = case
                when sequences.sample_id = any((select cleared.depths from cleared)::bigint[])
                    then null
                else coalesce(excluded.sequencing_depth, sequences.sequencing_depth)
            end
        where
            (excluded.sequence, excluded.sequencing_date, excluded.sequencing_depth)
            is distinct from
            (sequences.sequence, sequences.sequencing_date, sequences.sequencing_depth)
        returning sample_id
    )

    select
        (
            select json_agg(json_build_object(
                'row', problem_rows.row_number,
                'private_identifier', left(problem_rows.private_identifier, 200),
                'field', left(problem_rows.field, 200),
                'value', left(problem_rows.value, 200),
                'reason', problem_rows.reason
            ) order by problem_rows.row_number, problem_rows.field)
            from (
                select problem_rows.*
                from problem_rows
                order by problem_rows.row_number, problem_rows.field
                limit 200
            ) as problem_rows
        ),
        (select count(*) from problem_rows),
        (select bool_or(problem_rows.reason = 'already exists in this group') from problem_rows),
        (
            select count(*)
            from target
            where
                target.is_existing
                and store_samples.on_conflict = 'update'
                and not exists (select from problem_rows)
        ) - (select count(*) from updated),
        (
            select json_agg(json_build_object(
                'id', target.id,
                'private_identifier', target.private_identifier,
                'public_identifier',
                coalesce(
                    inserted.public_identifier,
                    updated.public_identifier,
                    (
                        select existing.public_identifier
                        from aspen.samples as existing
                        where existing.id = target.existing_id
                    )
                ),
                'outcome', case
                    when inserted.id is not null then 'created'
                    when updated.id is not null then 'updated'
                    else 'skipped'
                end,
                'has_sequence',
                written_sequences.sample_id is not null
                or exists (
                    select from aspen.sequences as sequences
                    where
                        sequences.group_id = store_samples.group_id
                        and sequences.sample_id = target.existing_id
                )
            ) order by target.row_number)
            from target
            left join inserted on target.id = inserted.id
            left join updated on target.id = updated.id
            left join written_sequences on target.id = written_sequences.sample_id
            where not exists (select from problem_rows)
        )
    into problems, problem_count, is_conflict, missed_count, outcome;

    if problems is not null then
        perform internal.fail(
            case when is_conflict then 409 else 400 end,
            case when is_conflict then 'sample_exists' else 'invalid_sample' end,
            'Nothing was stored: some samples are not usable',
            internal.listed_problems(problems, problem_count),
            'Correct or leave out the named samples and send the whole batch again.'
        );
    end if;
    if outcome is null then
        perform internal.fail(400, 'empty_batch', 'The batch has no samples', null,
            'Send at least one sample.');
    end if;
    if missed_count > 0 then
        raise sqlstate '55000' using
            message = 'A sample of the batch was deleted or renamed meanwhile';
    end if;
    return outcome;
exception
    when sqlstate 'PGRST' then
        get stacked diagnostics error_message = message_text, error_detail = pg_exception_detail;
        if error_message::json ->> 'code' = 'invalid_sequence' then
            select
                json_agg(json_build_object(
                    'row', checked.row_number,
                    'private_identifier', checked.private_identifier,
                    'field', 'sequence',
                    'reason', checked.problem
                ) order by checked.row_number) filter (where checked.place <= 200),
                count(*)
            into problems, problem_count
            from (
                select checked.*, row_number() over (order by checked.row_number) as place
                from (
                    select
                        items.row_number,
                        internal.trimmed(items.item ->> 'private_identifier') as private_identifier,
                        internal.sequence_problem(items.item ->> 'sequence') as problem
                    from json_array_elements(store_samples.samples) with ordinality as items(item,
                        row_number)
                ) as checked
                where checked.problem is not null
            ) as checked;
            perform internal.fail(400, 'invalid_sequence',
                'Nothing was stored: some sequences are not usable',
                internal.listed_problems(problems, problem_count),
                error_message::json ->> 'hint');
        end if;
        raise sqlstate 'PGRST' using message = error_message, detail = error_detail;
end
$$;

comment on function internal.store_samples(bigint, text, json, text) is
$$One attempt of internal.create_samples

Fails where another request stores, deletes or renames one of the samples in the same moment: a
unique key is violated, two wait for each other, or 55000.$$;

revoke all on function internal.store_samples(bigint, text, json, text) from public;
grant execute on function internal.store_samples(bigint, text, json, text) to api_writer;
