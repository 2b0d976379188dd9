drop table aspen.import_problems;

drop table aspen.uploads;

set local role none;

delete from aspen.jobs
where kind in ('import', 'export');

delete from aspen.job_output_kinds
where job_kind = 'export';

delete from aspen.job_kinds
where name in ('import', 'export');

-- What was sent and never imported stays in the bucket.
delete from aspen.object_prunes
where job_id is null;

set local role aspen_owner;

alter table aspen.jobs
drop column progress_done,
drop column progress_total,
drop column arguments;

comment on table aspen.jobs is
'Compute jobs: phylogenetic runs, lineages, quality control, loads';
comment on column aspen.jobs.kind is 'A row of job_kinds';

alter table aspen.object_prunes alter column job_id set not null;

comment on column aspen.object_prunes.job_id is 'Job that wrote the object; its row may be deleted';

alter table aspen.storage_credentials drop column addressing_style;
