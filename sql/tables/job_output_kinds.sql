-- Each kind of file that a job leaves behind, and the kind of job it belongs to.
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
('aligned_fasta', 'nextclade'),
('raw_sequences', 'repository_download'),
('raw_metadata', 'repository_download'),
('processed_sequences', 'repository_processing'),
('processed_metadata', 'repository_processing'),
('aligned_sequences', 'repository_alignment'),
('aligned_metadata', 'repository_alignment'),
('lineage_list', 'lineages'),
('alias_key', 'lineages'),
('export_csv', 'export'),
('export_ndjson', 'export'),
('export_fasta', 'export'),
('export_manifest', 'export'),
('export_parquet', 'export');
