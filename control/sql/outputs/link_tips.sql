-- Link each name to its sample. A name that matches several samples is linked to none of them and
-- returned with them.
with candidates as materialized (
    select
        names.position,
        names.full_name,
        matches.sample_group_id,
        matches.sample_id
    from staged_names as names
    inner join
        internal.match_tips(
            %(job_id)s,
            array(select named.full_name from staged_names as named)
        ) as matches
        on names.full_name = matches.name
),

linked as (
    insert into staged_links (full_name, sample_group_id, sample_id)
    select
        candidates.full_name,
        min(candidates.sample_group_id) as sample_group_id,
        min(candidates.sample_id) as sample_id
    from candidates
    group by candidates.full_name
    having count(*) = 1
)

select
    candidates.full_name,
    array_agg(candidates.sample_id order by candidates.sample_id) as sample_ids
from candidates
group by candidates.position, candidates.full_name
having count(*) > 1
order by candidates.position;
