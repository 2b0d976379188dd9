-- Role control sees every row; the owner is under row-level security itself.
set local role none;

alter table aspen.phylo_trees rename column lead_text to tail_text;
alter table aspen.phylo_tree_tips rename column segment to lead_text;

-- Both updates see the rows as they were. A segment begins with the JSON string of the name.
with rests as (
    select
        tips.id,
        tips.group_id,
        tips.phylo_tree_id,
        tips.position,
        regexp_replace(tips.lead_text, '^"(?:[^"\\]|\\.)*"', '') as rest
    from aspen.phylo_tree_tips as tips
),

joined as (
    select
        rests.id,
        coalesce(lag(rests.rest) over in_order, trees.tail_text) as lead_text
    from rests
    inner join aspen.phylo_trees as trees
        on rests.group_id = trees.group_id and rests.phylo_tree_id = trees.id
    window in_order as (partition by rests.group_id, rests.phylo_tree_id order by rests.position)
),

joined_tips as (
    update aspen.phylo_tree_tips
    set lead_text = joined.lead_text
    from joined
    where phylo_tree_tips.id = joined.id
)

update aspen.phylo_trees
set tail_text = rests.rest
from rests
where
    phylo_trees.group_id = rests.group_id
    and phylo_trees.id = rests.phylo_tree_id
    and phylo_trees.tip_count = rests.position;

comment on column aspen.phylo_trees.tail_text is 'The text of "tree" after the name of the last tip';
comment on column aspen.phylo_tree_tips.lead_text is 'The text of "tree" since the previous tip''s name, up to this name';

set local role aspen_owner;
