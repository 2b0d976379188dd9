-- Kinds of jobs and of their files are rows: a new one needs no change of a constraint.
-- depends: 0001_baseline

create table aspen.job_kinds (
    name text constraint job_kinds_pkey primary key,
    is_queued_for_sequences boolean not null,
    is_dataset_needed boolean not null,
    lineage_caller text,
    constraint job_kinds_name_form_check check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint job_kinds_lineage_caller_check check (lineage_caller in ('PANGOLIN', 'NEXTCLADE')),
    -- The conditions say for which pathogens jobs are queued; nothing else asks for them.
    constraint job_kinds_conditions_are_asked_check check (
        is_queued_for_sequences or not is_dataset_needed and lineage_caller is null
    )
);

comment on table aspen.job_kinds is 'Kinds of jobs';
comment on column aspen.job_kinds.is_queued_for_sequences is
'Whether a sequence that comes or changes queues such a job; each input is then one sequence';
comment on column aspen.job_kinds.is_dataset_needed is
'Whether only sequences of pathogens with a nextclade_dataset_name queue it';
comment on column aspen.job_kinds.lineage_caller is
'Whether only sequences of pathogens with this lineage_caller queue it; null for all';

insert into aspen.job_kinds (name, is_queued_for_sequences, is_dataset_needed, lineage_caller)
values
('phylo_run', false, false, null),
('pangolin', true, false, 'PANGOLIN'),
('nextclade', true, true, null);

create table aspen.job_output_kinds (
    name text constraint job_output_kinds_pkey primary key,
    job_kind text not null constraint job_output_kinds_job_kind_fkey
    references aspen.job_kinds (name) on delete restrict,
    constraint job_output_kinds_name_form_check check (name ~ '^[a-z][a-z0-9_]{0,62}$')
);

comment on table aspen.job_output_kinds is 'Kinds of files that jobs leave in S3';

insert into aspen.job_output_kinds (name, job_kind)
values
('auspice_json', 'phylo_run'),
('lineage_report_csv', 'pangolin'),
('nextclade_csv', 'nextclade'),
('nextclade_tag_json', 'nextclade'),
('aligned_fasta', 'nextclade');

-- squawk-ignore ban-drop-constraint
alter table aspen.jobs drop constraint jobs_kind_check;
alter table aspen.jobs add constraint jobs_kind_fkey
foreign key (kind) references aspen.job_kinds (name) on delete restrict not valid;
-- squawk-ignore constraint-missing-not-valid
alter table aspen.jobs validate constraint jobs_kind_fkey;

-- squawk-ignore ban-drop-constraint
alter table aspen.job_schedules drop constraint job_schedules_kind_check;
alter table aspen.job_schedules add constraint job_schedules_kind_fkey
foreign key (kind) references aspen.job_kinds (name) on delete restrict not valid;
-- squawk-ignore constraint-missing-not-valid
alter table aspen.job_schedules validate constraint job_schedules_kind_fkey;

-- squawk-ignore ban-drop-constraint
alter table aspen.job_outputs drop constraint job_outputs_kind_check;
alter table aspen.job_outputs add constraint job_outputs_kind_fkey
foreign key (kind) references aspen.job_output_kinds (name) on delete restrict not valid;
-- squawk-ignore constraint-missing-not-valid
alter table aspen.job_outputs validate constraint job_outputs_kind_fkey;
