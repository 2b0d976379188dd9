grant select, delete on aspen.sequences to member, api_writer;
grant insert (
    group_id, sample_id, sequence, sequencing_date, sequencing_depth
) on aspen.sequences to member, api_writer;
grant update (
    group_id, sample_id, sequence, sequencing_date, sequencing_depth
) on aspen.sequences to member, api_writer;
-- Drawn by the trigger that normalises a sequence.
grant usage on sequence aspen.sequences_revision_seq to api_writer;
grant select (
    group_id, sample_id, sequence, revision
) on aspen.sequences to results_keeper;
grant select (
    group_id, sample_id, sequence, sequencing_date, revision
) on aspen.sequences to job_runner;

create policy sequences_select_group on aspen.sequences
for select to member, api_writer
using (group_id = any(authz.full_groups()));

comment on policy sequences_select_group on aspen.sequences is
'Sequences are for members and admins, direct or granted';

create policy sequences_insert_own on aspen.sequences
for insert to member, api_writer
with check (group_id = any(authz.member_groups()));

comment on policy sequences_insert_own on aspen.sequences is
'New sequences go where the caller is directly member or admin';

create policy sequences_update_group on aspen.sequences
for update to member, api_writer
using (group_id = any(authz.full_groups()))
with check (group_id = any(authz.full_groups()));

comment on policy sequences_update_group on aspen.sequences is
'Members and admins, direct or granted, change sequences';

create policy sequences_delete_group on aspen.sequences
for delete to member, api_writer
using (group_id = any(authz.full_groups()));

comment on policy sequences_delete_group on aspen.sequences is
'Members and admins, direct or granted, delete sequences';

create policy sequences_select_results_keeper on aspen.sequences
for select to results_keeper
using (true);

comment on policy sequences_select_results_keeper on aspen.sequences is
'To know of which sequence a result is, and to keep the group''s limit';

create policy sequences_select_job_runner on aspen.sequences
for select to job_runner
using (
    (group_id, sample_id) in (
        select
            inputs.sample_group_id,
            inputs.sample_id
        from authz.job_inputs() as inputs
    )
);

comment on policy sequences_select_job_runner on aspen.sequences is
'Inputs of the calling job';
