-- structure.sql adds the policy by which members read, and the fence, with the reason for their
-- form. Those of api_writer say the same with + 0: it looks samples up by id or identifier, and a
-- plan made while the table was empty must not take an index on the group instead
-- (internal/samples/sample_inputs.sql).
-- NOTE: members write through the triggers of api.samples and through internal functions, which run
-- as api_writer under these policies; no write on the table is granted to them.

grant select on aspen.samples to member;
grant select, delete on aspen.samples to api_writer;
grant insert (
    id, group_id, pathogen_id, uploaded_by_id, location_id, is_private, private_identifier,
    public_identifier, collection_date, sample_collected_by, sample_collector_contact_email,
    sample_collector_contact_address, authors, organism, host, purpose_of_sampling,
    specimen_processing, restricted_until, created_at
) on aspen.samples to api_writer;
grant update (
    pathogen_id, location_id, is_private, private_identifier, public_identifier, collection_date,
    sample_collected_by, sample_collector_contact_email, sample_collector_contact_address, authors,
    organism, host, purpose_of_sampling, specimen_processing, restricted_until, updated_at
) on aspen.samples to api_writer;
-- Ids are drawn when a batch is read, so that each entry has its id before it is stored.
grant usage on sequence aspen.samples_id_seq to api_writer;
grant select (id, group_id, pathogen_id, public_identifier) on aspen.samples to results_keeper;
grant select (
    id, group_id, public_identifier, collection_date, location_id, host
) on aspen.samples to job_runner;

create policy samples_fence_writer on aspen.samples
as restrictive for all to api_writer
using (
    group_id + 0 = any(authz.any_groups())
    and (disclosed_at <= now() or group_id = any(authz.full_groups()))
)
with check (
    group_id + 0 = any(authz.any_groups())
    and (disclosed_at <= now() or group_id = any(authz.full_groups()))
);

comment on policy samples_fence_writer on aspen.samples is
'Like samples_fence, for look-ups by key and never by group';

create policy samples_select_writer on aspen.samples
for select to api_writer
using (
    group_id + 0 = any(authz.any_groups())
    and (disclosed_at <= now() or group_id = any(authz.full_groups()))
);

comment on policy samples_select_writer on aspen.samples is
'Like samples_select_group, for look-ups by key and never by group';

create policy samples_insert_own on aspen.samples
for insert to api_writer
with check (group_id = any(authz.member_groups()));

comment on policy samples_insert_own on aspen.samples is
'New samples go into a group where the caller is directly member or admin';

create policy samples_update_group on aspen.samples
for update to api_writer
using (group_id + 0 = any(authz.full_groups()))
with check (group_id = any(authz.full_groups()));

comment on policy samples_update_group on aspen.samples is
'Members and admins, direct or granted, change samples';

create policy samples_delete_group on aspen.samples
for delete to api_writer
using (group_id + 0 = any(authz.full_groups()));

comment on policy samples_delete_group on aspen.samples is
'Members and admins, direct or granted, delete samples';

create policy samples_select_results_keeper on aspen.samples
for select to results_keeper
using (true);

comment on policy samples_select_results_keeper on aspen.samples is
'To queue jobs for any sample whose sequence changed';

create policy samples_select_job_runner on aspen.samples
for select to job_runner
using (
    (group_id, id) in (
        select
            inputs.sample_group_id,
            inputs.sample_id
        from authz.job_inputs() as inputs
    )
);

comment on policy samples_select_job_runner on aspen.samples is
'Inputs of the calling job';
