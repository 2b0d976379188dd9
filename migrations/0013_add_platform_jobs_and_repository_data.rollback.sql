drop table aspen.repository_data;

-- The jobs of the platform go with it.
set local role none;
delete from aspen.jobs where group_id = 0;
delete from aspen.job_output_kinds where job_kind in (
    select job_kinds.name from aspen.job_kinds as job_kinds where job_kinds.is_platform
);
delete from aspen.job_kinds where is_platform;
set local role aspen_owner;

alter table aspen.jobs
drop constraint jobs_pathogen_is_given_check,
drop constraint jobs_kind_is_platform_fkey,
drop column is_platform,
drop column public_repository_id;
alter table aspen.jobs alter column pathogen_id set not null;
alter table aspen.jobs add constraint jobs_kind_fkey
foreign key (kind) references aspen.job_kinds (name) on delete restrict;
comment on table aspen.jobs is 'Compute jobs: phylogenetic runs, lineage calling, quality control';
comment on column aspen.jobs.pathogen_id is null;
comment on column aspen.jobs.kind is 'phylo_run, pangolin or nextclade';

alter table aspen.job_kinds drop constraint job_kinds_name_is_platform_key;
alter table aspen.job_kinds drop column is_platform;

alter table aspen.group_grants drop constraint group_grants_groups_are_not_platform_check;
alter table aspen.samples drop constraint samples_group_is_not_platform_check;
alter table aspen.invitations drop constraint invitations_group_is_not_platform_check;
alter table aspen.memberships drop constraint memberships_group_is_not_platform_check;

set local role none;
delete from aspen.object_prunes where group_id = 0;
delete from aspen.groups where id = 0;
set local role aspen_owner;
