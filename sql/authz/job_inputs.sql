-- Inlined, see authz.any_groups: the policies of job_runner ask it for each table that has a row a
-- sample. The others of the group have no revision: a tree stores no result of them that a new
-- sequence would make wrong.
create or replace function authz.job_inputs()
returns table (
    sample_group_id bigint, sample_id bigint, sequence_revision bigint, is_chosen boolean
)
language sql
stable
security invoker
rows 1000
begin atomic
    select
        inputs.sample_group_id,
        inputs.sample_id,
        inputs.sequence_revision,
        true as is_chosen
    from aspen.job_samples as inputs
    where inputs.group_id = authz.job_group_id() and inputs.job_id = authz.job_id()
    union all
    select
        backgrounds.group_id,
        unnest(backgrounds.sample_ids) as sample_id,
        null as sequence_revision,
        false as is_chosen
    from aspen.job_backgrounds as backgrounds
    where backgrounds.group_id = authz.job_group_id() and backgrounds.job_id = authz.job_id();
end;

comment on function authz.job_inputs() is
$$The samples that the calling job runs on

A sample that was deleted has no id, or is found nowhere. sequence_revision: only with this sequence;
null for any.$$;

revoke all on function authz.job_inputs() from public;
grant execute on function authz.job_inputs() to job_runner;
