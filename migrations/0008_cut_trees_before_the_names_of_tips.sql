-- A tip's text begins with its name now: a private name goes in before it, and nothing is copied.
-- depends: 0004_create_job_tables
-- code: unloaded

-- Role control sees every row; the owner is under row-level security itself.
set local role none;

-- No code is loaded that could read the columns by their old names.
-- squawk-ignore renaming-column
alter table aspen.phylo_trees rename column tail_text to lead_text;
-- squawk-ignore renaming-column
alter table aspen.phylo_tree_tips rename column lead_text to segment;

-- Both updates see the rows as they were.
with cut as (
    select
        tips.id,
        to_json(tips.name)::text
        || coalesce(lead(tips.segment) over in_order, trees.lead_text) as segment
    from aspen.phylo_tree_tips as tips
    inner join aspen.phylo_trees as trees
        on tips.group_id = trees.group_id and tips.phylo_tree_id = trees.id
    window in_order as (partition by tips.group_id, tips.phylo_tree_id order by tips.position)
),

cut_tips as (
    update aspen.phylo_tree_tips
    set segment = cut.segment
    from cut
    where phylo_tree_tips.id = cut.id
)

update aspen.phylo_trees
set lead_text = tips.segment
from aspen.phylo_tree_tips as tips
where
    phylo_trees.group_id = tips.group_id
    and phylo_trees.id = tips.phylo_tree_id
    and tips.position = 1;

comment on column aspen.phylo_trees.lead_text is 'The text of "tree" before the name of the first tip';
comment on column aspen.phylo_tree_tips.segment is 'The text of "tree" from this tip''s name, its first value, up to the next tip''s name';

set local role aspen_owner;
