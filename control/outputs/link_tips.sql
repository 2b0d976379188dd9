-- The sample each tip stands for: an input of the run, else a sample of its group, else one of
-- a group that granted it access. An identifier counts with and without a prefix of the
-- pathogen's repositories.
insert into staged_links (position, sample_group_id, sample_id)
with spellings as materialized (
    select
        tips.position,
        tips.full_name as spelling
    from staged_tips as tips
    union
    select
        tips.position,
        tips.name
    from staged_tips as tips
    union
    select
        tips.position,
        repositories.prefix || '/' || tips.name
    from staged_tips as tips
    cross join aspen.pathogen_repositories as repositories
    where repositories.pathogen_id = %(pathogen_id)s
),

candidates as (
    select
        spellings.position,
        samples.group_id,
        samples.id,
        1 as preference
    from spellings
    inner join aspen.job_samples as inputs
        on spellings.spelling = inputs.public_identifier
    inner join aspen.samples as samples
        on inputs.sample_group_id = samples.group_id and inputs.sample_id = samples.id
    where
        inputs.group_id = %(group_id)s
        and inputs.job_id = %(job_id)s
        and samples.pathogen_id = %(pathogen_id)s
    union all
    select
        spellings.position,
        samples.group_id,
        samples.id,
        2 as preference
    from spellings
    inner join aspen.samples as samples
        on spellings.spelling = samples.public_identifier
    where samples.group_id = %(group_id)s and samples.pathogen_id = %(pathogen_id)s
    union all
    select
        spellings.position,
        samples.group_id,
        samples.id,
        3 as preference
    from spellings
    cross join aspen.group_grants as grants
    inner join aspen.samples as samples
        on grants.group_id = samples.group_id and spellings.spelling = samples.public_identifier
    where grants.grantee_group_id = %(group_id)s and samples.pathogen_id = %(pathogen_id)s
)

select distinct on (candidates.position)
    candidates.position,
    candidates.group_id,
    candidates.id
from candidates
order by candidates.position, candidates.preference, candidates.group_id, candidates.id;
