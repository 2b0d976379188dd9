-- Each kind of job there is, and what the database asks of a kind. How its files are read is in a
-- module of the same name under control/outputs/kinds. docs/jobs.md tells how to add a kind.
create table aspen.job_kinds (
    name text constraint job_kinds_pkey primary key,
    is_queued_for_sequences boolean not null,
    is_dataset_needed boolean not null,
    lineage_caller text,
    is_paused boolean not null default false,
    most_running integer
    constraint job_kinds_most_running_check check (most_running > 0),
    most_running_of_group integer
    constraint job_kinds_most_running_of_group_check check (most_running_of_group > 0),
    is_platform boolean not null default false,
    constraint job_kinds_name_is_platform_key unique (name, is_platform),
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
comment on column aspen.job_kinds.is_paused is
'Whether workers leave queued jobs of this kind in the queue';
comment on column aspen.job_kinds.most_running is
'How many jobs of this kind run at the same time; null for any number';
comment on column aspen.job_kinds.most_running_of_group is
'How many of them run for the same group; null for any number';
comment on column aspen.job_kinds.is_platform is
'Whether jobs of this kind belong to the platform (group 0), not to a group';

insert into aspen.job_kinds (
    name, is_queued_for_sequences, is_dataset_needed, lineage_caller, is_platform
)
values
('phylo_run', false, false, null, false),
('pangolin', true, false, 'PANGOLIN', false),
('nextclade', true, true, null, false),
('import', false, false, null, false),
('export', false, false, null, false),
('repository_download', false, false, null, true),
('repository_processing', false, false, null, true),
('repository_alignment', false, false, null, true),
('public_metadata', false, false, null, true),
('locations', false, false, null, true),
('lineages', false, false, null, true),
('accessions', false, false, null, true);
