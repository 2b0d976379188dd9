-- Count the rows of other groups that refer to samples of a group, by table: they stay, without it.
select
    'job_samples' as table_name,
    count(*) as row_count
from aspen.job_samples as inputs
where inputs.sample_group_id = %(group_id)s and inputs.group_id <> %(group_id)s
union all
select
    'phylo_tree_tips' as table_name,
    count(*) as row_count
from aspen.phylo_tree_tips as tips
where tips.sample_group_id = %(group_id)s and tips.group_id <> %(group_id)s;
