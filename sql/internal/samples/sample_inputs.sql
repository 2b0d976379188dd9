-- The one look at what is stored: a single statement, so one snapshot decides which samples exist
-- and what becomes of each entry. What follows in internal.store_samples locks and writes these
-- rows; what another request changes in between ends the attempt.
-- Look-ups by key instead of joins: they keep the order, so that ids ascend as the samples were
-- given, and a small group's plan serves a large one. `+ 0` as in policies/samples.sql. `offset 0`
-- keeps a look-up from being done once for each use, and its key a plain value: what may leak, like
-- ->>, is compared after the policies, with every row.
create or replace function internal.sample_inputs(
    group_id bigint,
    pathogen aspen.pathogens,
    samples json,
    on_conflict text
)
returns internal.sample_input[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    cell_types jsonb := internal.sample_cell_types();
    new_sample aspen.samples;
begin
    new_sample.group_id := sample_inputs.group_id;
    new_sample.pathogen_id := sample_inputs.pathogen.id;
    new_sample := internal.new_sample(new_sample);
    return array(
        select row(
            placed.row_number,
            placed.outcome,
            case
                when placed.outcome in ('updated', 'skipped')
                    then jsonb_populate_record(placed.existing, placed.cells || placed.keys)
                -- Null is what the server sets: the organism of the pathogen, say. No authors are
                -- null too.
                else jsonb_populate_record(new_sample,
                    coalesce(jsonb_strip_nulls(
                        case placed.cells -> 'authors'
                            when '[]' then placed.cells - 'authors' else placed.cells
                        end
                    ), '{}') || placed.keys)
            end,
            placed.cells || placed.keys,
            placed.problems,
            placed.has_sequence
        )::internal.sample_input
        from (
            select
                known.*,
                case
                    when known.existing is null then 'created'
                    when sample_inputs.on_conflict = 'update' then 'updated'
                    when sample_inputs.on_conflict = 'skip' then 'skipped'
                    else 'exists'
                end as outcome,
                jsonb_build_object(
                    'id', coalesce((known.existing).id, nextval('aspen.samples_id_seq')),
                    'pathogen_id', sample_inputs.pathogen.id
                ) as keys
            from (
                select
                    batch.*,
                    (
                        select existing
                        from aspen.samples as existing
                        where existing.group_id + 0 = sample_inputs.group_id
                            and existing.private_identifier = batch.private_identifier
                    ) as existing
                from (
                    select batch.*, batch.cells ->> 'private_identifier' as private_identifier
                    from internal.sample_batch(sample_inputs.samples, cell_types) as batch
                    offset 0
                ) as batch
                offset 0
            ) as known
            offset 0
        ) as placed
    );
end
$$;

comment on function internal.sample_inputs(bigint, aspen.pathogens, json, text) is $$The entries of a batch of samples, with what becomes of each

In the order of the batch. Draws the ids of new samples. on_conflict: as in api.create_samples.$$;

revoke all on function internal.sample_inputs(bigint, aspen.pathogens, json, text) from public;
grant execute on function internal.sample_inputs(bigint, aspen.pathogens, json, text) to api_writer;
