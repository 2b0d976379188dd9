comment on column aspen.jobs.arguments is 'What an import or export is asked to do; null for other kinds';

-- The jobs of these kinds go with them.
set local role none;

delete from aspen.repository_data
where job_id in (
    select jobs.id from aspen.jobs as jobs
    where jobs.kind in ('repository_download', 'repository_processing')
);

delete from aspen.jobs
where kind in ('repository_download', 'repository_processing');

delete from aspen.job_outputs
where kind = 'lineage_list';

delete from aspen.job_output_kinds
where name in (
    'raw_sequences', 'raw_metadata', 'processed_sequences', 'processed_metadata', 'lineage_list'
);

delete from aspen.job_kinds
where name in ('repository_download', 'repository_processing');

set local role aspen_owner;
