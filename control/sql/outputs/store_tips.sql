insert into aspen.phylo_tree_tips (
    group_id, phylo_tree_id, position, name, accession, segment, sample_group_id, sample_id, is_tip
)
select
    %(group_id)s as group_id,
    %(tree_id)s as phylo_tree_id,
    tips.position,
    tips.name,
    tips.accession,
    tips.segment,
    links.sample_group_id,
    links.sample_id,
    tips.is_tip
from staged_tips as tips
left join staged_links as links
    on tips.full_name = links.full_name
order by tips.position;
