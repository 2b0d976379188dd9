-- NOTE: no write is granted: job outputs are registered by the control plane.

grant select on aspen.aligned_sequences to member;
grant select (id, group_id, sample_id), delete on aspen.aligned_sequences to results_keeper;

create policy aligned_sequences_select_group on aspen.aligned_sequences
for select to member
using (group_id = any(authz.full_groups()));

comment on policy aligned_sequences_select_group on aspen.aligned_sequences is
'Sequences are for members and admins, direct or granted';

create policy aligned_sequences_select_results_keeper on aspen.aligned_sequences
for select to results_keeper
using (true);

comment on policy aligned_sequences_select_results_keeper on aspen.aligned_sequences is
'Found by the sample whose sequence changed';

create policy aligned_sequences_delete_results_keeper on aspen.aligned_sequences
for delete to results_keeper
using (true);

comment on policy aligned_sequences_delete_results_keeper on aspen.aligned_sequences is
'Results of a sequence that was replaced or deleted go';

grant select (group_id, sample_id, sequence) on aspen.aligned_sequences to job_runner;

create policy aligned_sequences_select_job_runner on aspen.aligned_sequences
for select to job_runner
using (
    (group_id, sample_id) in (
        select
            inputs.sample_group_id,
            inputs.sample_id
        from authz.job_inputs() as inputs
    )
);

comment on policy aligned_sequences_select_job_runner on aspen.aligned_sequences is
'Inputs of the calling job';
