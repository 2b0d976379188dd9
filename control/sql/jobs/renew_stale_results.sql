-- Queue jobs for samples whose results of a kind are missing or stale.
select
    renewed.job_id,
    renewed.owner_id,
    renewed.slug,
    renewed.sample_count
from internal.renew_stale_results(
    kind => %(kind)s,
    group_id => %(group_id)s,
    pathogen_id => %(pathogen_id)s,
    sample_ids => %(sample_ids)s,
    software_version => %(software_version)s,
    dataset_tag => %(dataset_tag)s,
    is_forced => %(is_forced)s
) as renewed;
