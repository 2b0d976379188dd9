-- definer because a viewer may choose a sample whose sequence only members see: that it has one is
-- no secret.
create or replace function internal.sequence_revisions(sample_ids bigint[])
returns table (sample_id bigint, revision bigint)
language sql
stable
security definer
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set enable_seqscan = 'off'
as $$
    select sample.id, sample.revision
    from (
        select distinct given.id
        from unnest(sequence_revisions.sample_ids) as given(id)
    ) as given
    cross join lateral (
        select samples.id, sequences.revision
        from aspen.samples as samples
        inner join aspen.sequences as sequences
            on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
        where samples.id = given.id
        offset 0
    ) as sample;
$$;

comment on function internal.sequence_revisions(bigint[]) is
'The revisions of those of these samples that have a sequence';

revoke all on function internal.sequence_revisions(bigint[]) from public;
grant execute on function internal.sequence_revisions(bigint[]) to api_writer, results_keeper;
