-- NOTE: no write is granted: job outputs are registered by the control plane.

alter table aspen.phylo_trees enable row level security;

alter table aspen.phylo_trees force row level security;

grant select on aspen.phylo_trees to member;

drop policy if exists phylo_trees_fence on aspen.phylo_trees;

create policy phylo_trees_fence on aspen.phylo_trees
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy phylo_trees_fence on aspen.phylo_trees is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists phylo_trees_select_group on aspen.phylo_trees;

create policy phylo_trees_select_group on aspen.phylo_trees
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy phylo_trees_select_group on aspen.phylo_trees is
'Trees of the groups the caller sees';

create or replace trigger phylo_trees_set_updated_at
before update on aspen.phylo_trees
for each row
execute function internal.set_updated_at();

create or replace trigger phylo_trees_record_insert
after insert on aspen.phylo_trees
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger phylo_trees_record_update
after update on aspen.phylo_trees
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger phylo_trees_record_delete
after delete on aspen.phylo_trees
referencing old table as changed_rows
for each statement
execute function internal.record_changes();
