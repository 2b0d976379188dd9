-- Rejects nothing, because create_samples names all problems at once. Leaves out the sequences:
-- they may have 300 MB, and a result that contains them would be written to disk once more. Without
-- a `set` clause, so that it is inlined.
create or replace function internal.sample_batch(samples json, cell_types jsonb)
returns table (
    row_number bigint, cells jsonb, problems jsonb, has_sequence boolean, has_blank_public boolean
)
language sql
stable
security invoker
begin atomic
    select
        items.row_number,
        case
            when json_typeof(items.item) = 'object' then coalesce(entry.cells, '{}')
        end as cells,
        case
            when json_typeof(items.item) = 'object' then entry.problems
            else '[{"reason": "is not an object"}]'
        end as problems,
        coalesce(entry.has_sequence, false) as has_sequence,
        coalesce(entry.has_blank_public, false) as has_blank_public
    from json_array_elements(sample_batch.samples) with ordinality as items (item, row_number)
    cross join lateral (
        select
            jsonb_object_agg(read.key, read.value) filter (
                where
                read.key <> 'sequence'
                -- An empty public identifier is one that is not named.
                and (read.key <> 'public_identifier' or read.value is not null)
            ) as cells,
            jsonb_agg(
                jsonb_build_object(
                    'field', read.key,
                    'value',
                    case when read.cell_type is not null then left(read.cell #>> '{}', 200) end,
                    'reason',
                    coalesce(
                        internal.cell_problem(read.cell, read.cell_type, read.value),
                        'is not a column of samples or sequences'
                    )
                )
            ) filter (
                where
                read.cell_type is null
                or internal.cell_problem(read.cell, read.cell_type, read.value) is not null
            ) as problems,
            bool_or(read.has_sequence) as has_sequence,
            bool_or(read.key = 'public_identifier' and read.value is null) as has_blank_public
        from (
            select
                given.key,
                case when given.key <> 'sequence' then given.cell end as cell,
                given.key = 'sequence' and json_typeof(given.cell) <> 'null' as has_sequence,
                sample_batch.cell_types ->> given.key as cell_type,
                internal.cell_value(
                    case when given.key <> 'sequence' then given.cell end,
                    sample_batch.cell_types ->> given.key
                ) as value
            from
                json_each(
                    case json_typeof(items.item) when 'object' then items.item else '{}'::json end
                ) as given (key, cell)
            -- Keeps a cell from being read once for each use.
            offset 0 -- noqa: AM09
        ) as read
    ) as entry;
end;

comment on function internal.sample_batch(json, jsonb) is $$The entries of a batch of samples as they are written

cell_types: internal.sample_cell_types(). cells: the values an entry names, by column, also as null,
but neither sequence nor an empty public_identifier; null if the entry is no object. problems:
[{field, value, reason}] of unknown columns and of cells that cannot be read, or null.
has_blank_public: the entry names an empty public_identifier, or one that cannot be read.$$;

revoke all on function internal.sample_batch(json, jsonb) from public;
grant execute on function internal.sample_batch(json, jsonb) to api_writer;
