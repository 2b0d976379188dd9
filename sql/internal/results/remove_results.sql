-- One statement for each table, all of one shape: the table's name cannot be a value without SQL
-- text in a function. Rows are looked up by their keys, never joined, for the reason that
-- internal.renew_results gives; its settings hold here too.
create or replace function internal.remove_results(group_ids bigint[], sample_ids bigint[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    delete from aspen.sample_lineages as results
    where results.id = any(array(
        select found.id
        from unnest(group_ids, sample_ids) as changed(group_id, sample_id)
        cross join lateral (
            select lineages.id
            from aspen.sample_lineages as lineages
            where lineages.group_id = changed.group_id and lineages.sample_id = changed.sample_id
            offset 0
        ) as found
    ));
    delete from aspen.sample_qc_metrics as results
    where results.id = any(array(
        select found.id
        from unnest(group_ids, sample_ids) as changed(group_id, sample_id)
        cross join lateral (
            select metrics.id
            from aspen.sample_qc_metrics as metrics
            where metrics.group_id = changed.group_id and metrics.sample_id = changed.sample_id
            offset 0
        ) as found
    ));
    delete from aspen.sample_mutations as results
    where results.id = any(array(
        select found.id
        from unnest(group_ids, sample_ids) as changed(group_id, sample_id)
        cross join lateral (
            select mutations.id
            from aspen.sample_mutations as mutations
            where mutations.group_id = changed.group_id and mutations.sample_id = changed.sample_id
            offset 0
        ) as found
    ));
    delete from aspen.aligned_sequences as results
    where results.id = any(array(
        select found.id
        from unnest(group_ids, sample_ids) as changed(group_id, sample_id)
        cross join lateral (
            select aligned.id
            from aspen.aligned_sequences as aligned
            where aligned.group_id = changed.group_id and aligned.sample_id = changed.sample_id
            offset 0
        ) as found
    ));
end
$$;

comment on function internal.remove_results(bigint[], bigint[]) is
'Remove lineages, QC metrics, mutations and alignments of samples';

revoke all on function internal.remove_results(bigint[], bigint[]) from public;
grant execute on function internal.remove_results(bigint[], bigint[]) to results_keeper;
