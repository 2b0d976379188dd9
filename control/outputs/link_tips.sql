-- The sample each tip stands for. A tip that several samples answer to stands for none of them, and
-- is returned with them.
with candidates as materialized (
    select
        tips.position,
        tips.name,
        matches.sample_group_id,
        matches.sample_id
    from staged_tips as tips
    inner join
        internal.match_tips(
            %(job_id)s,
            array(select named.full_name from staged_tips as named)
        ) as matches
        on tips.full_name = matches.name
),

linked as (
    insert into staged_links (position, sample_group_id, sample_id)
    select
        candidates.position,
        min(candidates.sample_group_id),
        min(candidates.sample_id)
    from candidates
    group by candidates.position
    having count(*) = 1
)

select
    candidates.name,
    array_agg(candidates.sample_id order by candidates.sample_id)
from candidates
group by candidates.position, candidates.name
having count(*) > 1
order by candidates.position;
