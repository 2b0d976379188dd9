-- NOTE: no write is granted: job outputs are registered by the control plane.
-- structure.sql adds the policy by which members read the rows of samples that they see.

grant select on aspen.sample_lineages to member, api_writer;
grant select (id, group_id, sample_id), delete on aspen.sample_lineages to results_keeper;

create policy sample_lineages_select_results_keeper on aspen.sample_lineages
for select to results_keeper
using (true);

comment on policy sample_lineages_select_results_keeper on aspen.sample_lineages is
'Found by the sample whose sequence changed';

create policy sample_lineages_delete_results_keeper on aspen.sample_lineages
for delete to results_keeper
using (true);

comment on policy sample_lineages_delete_results_keeper on aspen.sample_lineages is
'Results of a sequence that was replaced or deleted go';

grant select (
    group_id, sample_id, lineage_type, lineage
) on aspen.sample_lineages to job_runner;

create policy sample_lineages_select_job_runner on aspen.sample_lineages
for select to job_runner
using (
    (group_id, sample_id) in (
        select
            inputs.sample_group_id,
            inputs.sample_id
        from authz.job_inputs() as inputs
    )
);

comment on policy sample_lineages_select_job_runner on aspen.sample_lineages is
'Inputs of the calling job';
