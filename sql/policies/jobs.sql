-- NOTE: jobs are queued by functions that run as api_writer; the control plane moves their status.

alter table aspen.jobs enable row level security;

alter table aspen.jobs force row level security;

grant select, delete on aspen.jobs to member;
grant update (name) on aspen.jobs to member;
grant select (id, group_id, status, requested_by_id) on aspen.jobs to claims_reader;
grant select on aspen.jobs to api_writer;
grant insert (
    group_id, pathogen_id, kind, name, tree_type, template_args, contextual_repository_id,
    requested_by_id
) on aspen.jobs to api_writer;
grant select (
    id, group_id, pathogen_id, kind, status, requested_by_id, started_at
) on aspen.jobs to results_keeper;
grant insert (
    group_id, pathogen_id, kind, name, tree_type, template_args, contextual_repository_id,
    requested_by_id
), update (status, error, finished_at) on aspen.jobs to results_keeper;
grant update (status, error, finished_at) on aspen.jobs to api_writer;

drop policy if exists jobs_fence on aspen.jobs;

create policy jobs_fence on aspen.jobs
as restrictive
for all
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy jobs_fence on aspen.jobs is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists jobs_select_group on aspen.jobs;

create policy jobs_select_group on aspen.jobs
for select
to member, api_writer
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy jobs_select_group on aspen.jobs is
'Jobs of the groups the caller sees';

drop policy if exists jobs_select_claims_reader on aspen.jobs;

create policy jobs_select_claims_reader on aspen.jobs
for select
to claims_reader
using (true);

comment on policy jobs_select_claims_reader on aspen.jobs is
'To check the token of a job';

drop policy if exists jobs_insert_own on aspen.jobs;

create policy jobs_insert_own on aspen.jobs
for insert
to api_writer
with check (
    group_id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy jobs_insert_own on aspen.jobs is
'New jobs go into a group where the caller is directly member or admin';

drop policy if exists jobs_update_group on aspen.jobs;

create policy jobs_update_group on aspen.jobs
for update
to member
using (
    kind = 'phylo_run'
    and group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
)
with check (
    kind = 'phylo_run'
    and group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy jobs_update_group on aspen.jobs is
'Members and admins, direct or granted, rename runs';

drop policy if exists jobs_update_api_writer on aspen.jobs;

create policy jobs_update_api_writer on aspen.jobs
for update
to api_writer
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy jobs_update_api_writer on aspen.jobs is
'Members and admins, direct or granted, cancel jobs';

drop policy if exists jobs_delete_group on aspen.jobs;

create policy jobs_delete_group on aspen.jobs
for delete
to member
using (
    kind = 'phylo_run'
    and group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy jobs_delete_group on aspen.jobs is
'Members and admins, direct or granted, delete runs that have ended';

drop policy if exists jobs_select_results_keeper on aspen.jobs;

create policy jobs_select_results_keeper on aspen.jobs
for select
to results_keeper
using (true);

comment on policy jobs_select_results_keeper on aspen.jobs is
'To find the jobs that wait for a sample';

drop policy if exists jobs_insert_results_keeper on aspen.jobs;

create policy jobs_insert_results_keeper on aspen.jobs
for insert
to results_keeper
with check (true);

comment on policy jobs_insert_results_keeper on aspen.jobs is
'Jobs are queued for sequences that changed, whoever changed them';

drop policy if exists jobs_update_results_keeper on aspen.jobs;

create policy jobs_update_results_keeper on aspen.jobs
for update
to results_keeper
using (true)
with check (true);

comment on policy jobs_update_results_keeper on aspen.jobs is
'Jobs without any input left are cancelled';

create or replace trigger jobs_refuse_delete
before delete on aspen.jobs
for each row
when (old.status in ('queued', 'running'))
execute function internal.refuse_delete_of_open_job();

create or replace trigger jobs_set_updated_at
before update on aspen.jobs
for each row
execute function internal.set_updated_at();

create or replace trigger jobs_record_insert
after insert on aspen.jobs
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger jobs_record_update
after update on aspen.jobs
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger jobs_record_delete
after delete on aspen.jobs
referencing old table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger jobs_check_values
before update of name on aspen.jobs
for each row
execute function internal.check_values('name');

create or replace trigger jobs_raise_problems
after update of name on aspen.jobs
for each statement
execute function internal.raise_problems();

create or replace trigger jobs_refuse_noted_values
after update of name on aspen.jobs
for each statement
execute function internal.refuse_noted_values();
