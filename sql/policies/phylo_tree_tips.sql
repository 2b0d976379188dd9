-- NOTE: no write is granted: job outputs are registered by the control plane.

alter table aspen.phylo_tree_tips enable row level security;

alter table aspen.phylo_tree_tips force row level security;

grant select on aspen.phylo_tree_tips to member;

drop policy if exists phylo_tree_tips_fence on aspen.phylo_tree_tips;

create policy phylo_tree_tips_fence on aspen.phylo_tree_tips
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy phylo_tree_tips_fence on aspen.phylo_tree_tips is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists phylo_tree_tips_select_group on aspen.phylo_tree_tips;

create policy phylo_tree_tips_select_group on aspen.phylo_tree_tips
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy phylo_tree_tips_select_group on aspen.phylo_tree_tips is
'Tips of trees of the groups the caller sees';

create or replace trigger phylo_tree_tips_record_insert
after insert on aspen.phylo_tree_tips
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger phylo_tree_tips_record_update
after update on aspen.phylo_tree_tips
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger phylo_tree_tips_record_delete
after delete on aspen.phylo_tree_tips
referencing old table as changed_rows
for each statement
execute function internal.record_changes();
