-- Look-ups by key instead of joins, `+ 0` and `offset 0` for the reasons that
-- internal.sample_inputs gives. An identifier is compared exactly, as it is stored: what is changed
-- or deleted is not guessed from a spelling.
create or replace function internal.sample_changes(group_id bigint, samples json)
returns internal.sample_input[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    cell_types jsonb := internal.sample_cell_types() - 'sequence'
        || '{"id": "aspen.key", "identifier": "text"}';
begin
    return array(
        select row(
            found.row_number,
            case
                when found.cells is null then 'unreadable'
                when found.id is not null and found.identifier is not null then 'named_twice'
                when found.id is null and found.identifier is null then 'unnamed'
                when (found.by_private).id <> (found.by_public).id then 'ambiguous'
                when (coalesce(found.by_id, found.by_private, found.by_public)).id is null
                    then 'unknown'
                else 'updated'
            end,
            coalesce(found.by_id, found.by_private, found.by_public),
            case
                when found.has_blank_public then found.cells || '{"public_identifier": null}'
                else found.cells
            end,
            found.problems,
            false
        )::internal.sample_input
        from (
            select
                named.*,
                (
                    select stored
                    from aspen.samples as stored
                    where stored.id = named.id
                        and stored.group_id + 0 = sample_changes.group_id
                ) as by_id,
                (
                    select stored
                    from aspen.samples as stored
                    where stored.private_identifier = named.identifier
                        and stored.group_id + 0 = sample_changes.group_id
                ) as by_private,
                (
                    select stored
                    from aspen.samples as stored
                    where stored.public_identifier = named.identifier
                        and stored.group_id + 0 = sample_changes.group_id
                ) as by_public
            from (
                select
                    batch.*, (batch.cells ->> 'id')::bigint as id,
                    batch.cells ->> 'identifier' as identifier
                from internal.sample_batch(sample_changes.samples, cell_types) as batch
                offset 0
            ) as named
            offset 0
        ) as found
        order by found.row_number
    );
end
$$;

comment on function internal.sample_changes(bigint, json) is
$$The entries of a batch of changes, each with the sample that it names

In the order of the batch. outcome: updated, unknown, ambiguous, unnamed, named_twice (by id and
identifier) or unreadable (no object). sample: as it is stored, null if there is none. cells: what the
entry names, by column, also as null.$$;

revoke all on function internal.sample_changes(bigint, json) from public;
grant execute on function internal.sample_changes(bigint, json) to api_writer;
