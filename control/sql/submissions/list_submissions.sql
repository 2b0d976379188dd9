-- Return submissions with the number of their samples in each state, the newest first.
select
    submissions.id,
    submissions.group_id,
    submissions.public_repository_id as repository_id,
    groups.name as "group",
    repositories.name as repository,
    pathogens.slug as pathogen,
    submissions.created_at,
    counts.sent,
    counts.accepted,
    counts.rejected
from aspen.submissions as submissions
inner join aspen.groups as groups
    on submissions.group_id = groups.id
inner join aspen.public_repositories as repositories
    on submissions.public_repository_id = repositories.id
inner join aspen.pathogens as pathogens
    on submissions.pathogen_id = pathogens.id
cross join
    lateral (
        select
            count(*) filter (where submitted.status = 'sent') as sent,
            count(*) filter (where submitted.status = 'accepted') as accepted,
            count(*) filter (where submitted.status = 'rejected') as rejected
        from aspen.submission_samples as submitted
        where
            submitted.group_id = submissions.group_id and submitted.submission_id = submissions.id
    ) as counts
where
    (%(group_id)s::bigint is null or submissions.group_id = %(group_id)s)
    and (%(id)s::bigint is null or submissions.id = %(id)s)
order by submissions.id desc;
