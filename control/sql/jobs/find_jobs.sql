-- List jobs, the newest first; of one status if it is given.
select
    jobs.id,
    jobs.kind,
    jobs.status,
    jobs.attempt,
    groups.name as group_name,
    pathogens.slug as pathogen,
    jobs.name,
    jobs.error,
    jobs.created_at,
    jobs.started_at,
    jobs.finished_at,
    (
        select count(*)
        from aspen.job_samples as inputs
        where inputs.group_id = jobs.group_id and inputs.job_id = jobs.id
    ) as inputs
from aspen.jobs as jobs
inner join aspen.groups as groups
    on jobs.group_id = groups.id
left join aspen.pathogens as pathogens
    on jobs.pathogen_id = pathogens.id
where
    (%(job_id)s::bigint is null or jobs.id = %(job_id)s)
    and (%(status)s::text is null or jobs.status = %(status)s)
order by jobs.id desc
limit %(limit)s;
