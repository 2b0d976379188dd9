-- Stage the column lineage if the dataset has one, else the clade. An invalid genome has neither.
insert into staged_lineages (sample_id, lineage, software_version, raw_output)
select
    staged.sample_id,
    called.lineage,
    %(software_version)s as software_version,
    '{}' as raw_output
from staged_qc as staged
cross join
    lateral (
        select
            coalesce(
                nullif(staged.raw_output ->> 'lineage', ''),
                nullif(staged.raw_output ->> 'clade', '')
            ) as lineage
    ) as called
where staged.qc_status <> 'invalid' and called.lineage is not null;
