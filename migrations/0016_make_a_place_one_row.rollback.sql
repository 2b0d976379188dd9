-- Places that became one stay one: which row a sample had is in audit_log only as a change.

-- An inner node's text joins that of the row before it, or of the tree.
create table aspen.joined_tips (
    group_id bigint,
    phylo_tree_id bigint,
    tip_position integer,
    id bigint,
    segment text
);

-- Role control sees every row; the owner is under row-level security itself.
set local role none;

insert into aspen.joined_tips
with numbered as (
    select
        tips.id,
        tips.group_id,
        tips.phylo_tree_id,
        tips.position,
        tips.segment,
        tips.is_tip,
        count(*) filter (where tips.is_tip) over (
            partition by tips.group_id, tips.phylo_tree_id order by tips.position
        ) as tip_position
    from aspen.phylo_tree_tips as tips
    inner join aspen.phylo_trees as trees
        on tips.group_id = trees.group_id and tips.phylo_tree_id = trees.id
    where trees.linked_node_count > 0
)

select
    numbered.group_id,
    numbered.phylo_tree_id,
    numbered.tip_position,
    min(numbered.id) filter (where numbered.is_tip) as id,
    string_agg(numbered.segment, '' order by numbered.position) as segment
from numbered
group by numbered.group_id, numbered.phylo_tree_id, numbered.tip_position;

update aspen.phylo_trees
set lead_text = phylo_trees.lead_text || joined.segment
from aspen.joined_tips as joined
where
    phylo_trees.group_id = joined.group_id
    and phylo_trees.id = joined.phylo_tree_id
    and joined.tip_position = 0;

delete from aspen.phylo_tree_tips
where not is_tip;

-- By way of numbers that no tip has, because no two may have the same in between.
update aspen.phylo_tree_tips
set segment = joined.segment, position = 1000000000 + joined.tip_position
from aspen.joined_tips as joined
where phylo_tree_tips.id = joined.id;

update aspen.phylo_tree_tips
set position = phylo_tree_tips.position - 1000000000
where phylo_tree_tips.position > 1000000000;

-- Names without their parents, as they were.
with names as (
    select
        trees.id,
        levels.key,
        case jsonb_typeof(entries.entry)
            when 'array' then entries.entry -> -1
            else entries.entry
        end as name
    from aspen.phylo_trees as trees
    cross join jsonb_each(trees.places) as levels
    left join jsonb_array_elements(levels.value) as entries (entry) on true
),

levels as (
    select
        names.id,
        names.key,
        coalesce(jsonb_agg(distinct names.name) filter (where names.name is not null), '[]')
            as names
    from names
    group by names.id, names.key
),

trees as (
    select
        levels.id,
        jsonb_object_agg(levels.key, levels.names) as places
    from levels
    group by levels.id
)

update aspen.phylo_trees
set places = trees.places
from trees
where phylo_trees.id = trees.id;

set local role aspen_owner;

drop table aspen.joined_tips;

alter table aspen.phylo_tree_tips drop column is_tip;

alter table aspen.phylo_trees
drop constraint phylo_trees_linked_node_count_is_not_negative_check,
drop column linked_node_count;

drop index aspen.locations_path_key_idx;

alter table aspen.locations
drop constraint locations_names_are_tidy_check,
drop constraint locations_region_key_path_key_key,
drop column path_key,
drop column region_key;

comment on column aspen.phylo_trees.places is
'Distinct node_attrs values on the tree: {"country": […], "division": […], "location": […]}';
comment on column aspen.phylo_trees.lead_text is 'The text of "tree" before the name of the first tip';
comment on column aspen.phylo_tree_tips.segment is 'The text of "tree" from this tip''s name, its first value, up to the next tip''s name';
