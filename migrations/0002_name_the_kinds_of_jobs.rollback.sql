alter table aspen.job_outputs drop constraint job_outputs_kind_fkey;
alter table aspen.job_outputs add constraint job_outputs_kind_check check (
    kind in (
        'auspice_json', 'lineage_report_csv', 'nextclade_csv', 'nextclade_tag_json',
        'aligned_fasta'
    )
) not valid;
-- squawk-ignore constraint-missing-not-valid
alter table aspen.job_outputs validate constraint job_outputs_kind_check;

alter table aspen.job_schedules drop constraint job_schedules_kind_fkey;
alter table aspen.job_schedules add constraint job_schedules_kind_check
check (kind in ('phylo_run', 'pangolin', 'nextclade')) not valid;
-- squawk-ignore constraint-missing-not-valid
alter table aspen.job_schedules validate constraint job_schedules_kind_check;

alter table aspen.jobs drop constraint jobs_kind_fkey;
alter table aspen.jobs add constraint jobs_kind_check
check (kind in ('phylo_run', 'pangolin', 'nextclade')) not valid;
-- squawk-ignore constraint-missing-not-valid
alter table aspen.jobs validate constraint jobs_kind_check;

drop table aspen.job_output_kinds;
drop table aspen.job_kinds;
