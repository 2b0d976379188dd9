-- NOTE: viewers do not read the inputs of a job: they may be private samples. Nobody changes a row,
-- so that a run stays what it was requested as.

grant select on aspen.job_backgrounds to member, api_writer, job_runner;
grant insert (
    group_id, job_id, sample_ids, left_out_count, resolved_template_args, repository_data_id
) on aspen.job_backgrounds to api_writer;

create policy job_backgrounds_select_group on aspen.job_backgrounds
for select to member, api_writer
using (group_id = any(authz.full_groups()));

comment on policy job_backgrounds_select_group on aspen.job_backgrounds is
'Inputs of jobs are for members and admins, direct or granted';

create policy job_backgrounds_insert_own on aspen.job_backgrounds
for insert to api_writer
with check (group_id = any(authz.member_groups()));

comment on policy job_backgrounds_insert_own on aspen.job_backgrounds is
'Recorded with a new job, where the caller is directly member or admin';

create policy job_backgrounds_select_job_runner on aspen.job_backgrounds
for select to job_runner
using (group_id = authz.job_group_id() and job_id = authz.job_id());

comment on policy job_backgrounds_select_job_runner on aspen.job_backgrounds is
'Inputs of the calling job';
