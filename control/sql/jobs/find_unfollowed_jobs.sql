-- List the attempts that a worker has by the database and does not follow. Run it from the thread
-- that claims jobs, so that none is on its way to the worker.
select
    jobs.id,
    jobs.attempt,
    jobs.kind,
    (
        select pathogens.slug::text from aspen.pathogens as pathogens
        where pathogens.id = jobs.pathogen_id
    ) as pathogen,
    jobs.group_id,
    jobs.turn,
    jobs.executor,
    jobs.executor_handle
from aspen.jobs as jobs
where
    jobs.status = 'running'
    and jobs.worker = %(worker)s
    and jobs.id <> all(%(followed)s::bigint[])
    and not internal.is_reported(jobs.group_id, jobs.id, jobs.attempt)
order by jobs.id
for no key update of jobs;
