-- Each kind of job there is, and what the database asks of a kind. How its files are read is in a
-- module of the same name under control/outputs/kinds. docs/jobs.md tells how to add a kind.
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
('nextclade', true, true, null),
('import', false, false, null),
('export', false, false, null);
