-- Role control sees every row; the owner is under row-level security itself.
set local role none;

alter table aspen.sample_lineages drop constraint sample_lineages_failure_form_check;
alter table aspen.sample_lineages drop constraint sample_lineages_lineage_or_failure_check;

update aspen.sample_lineages
set lineage = 'Unassigned'
where lineage is null;

alter table aspen.sample_lineages drop column failure;
alter table aspen.sample_lineages alter column lineage set not null;

alter table aspen.job_samples drop column sequence_revision;

alter table aspen.sequences drop column revision;

set local role aspen_owner;
