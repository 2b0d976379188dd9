-- Lets jobs of the platform fetch what repositories publish, and bring it into one form.
-- depends: 0018_add_host_of_pathogens

set local role none;

insert into aspen.job_kinds (
    name, is_queued_for_sequences, is_dataset_needed, lineage_caller, is_platform
)
values
('repository_download', false, false, null, true),
('repository_processing', false, false, null, true);

insert into aspen.job_output_kinds (name, job_kind)
values
('raw_sequences', 'repository_download'),
('raw_metadata', 'repository_download'),
('processed_sequences', 'repository_processing'),
('processed_metadata', 'repository_processing'),
('lineage_list', 'lineages');

set local role aspen_owner;

comment on column aspen.jobs.arguments is
'What an import or export is asked to do, and a job of the platform that reads a source or data set';
