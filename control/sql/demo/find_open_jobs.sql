-- Find the queued jobs of the demo: its run, and the jobs whose samples are all the demo's. Jobs of
-- a kind for which the demo has no files are left to a worker.
select
    jobs.id,
    jobs.kind
from aspen.jobs as jobs
where
    jobs.group_id = %(group_id)s
    and jobs.status = 'queued'
    and jobs.kind = any(%(kinds)s)
    and (
        jobs.name = %(run_name)s
        or (
            jobs.kind <> 'phylo_run'
            and not exists (
                select
                from aspen.job_samples as inputs
                where
                    inputs.job_id = jobs.id
                    and inputs.public_identifier <> all(%(strains)s)
            )
        )
    )
order by jobs.id;
