-- NOTE: name and prefix are unique across groups and prefix is part of identifiers: they are set
-- once, by an operator.

alter table aspen.groups enable row level security;

alter table aspen.groups force row level security;

grant select on aspen.groups to member, claims_reader;
grant select (id, name, prefix, submitting_lab, address) on aspen.groups to api_writer;
grant update (
    submitting_lab, address, division, location,
    default_tree_location_id
) on aspen.groups to member;
grant insert (name, prefix, submitting_lab, address, division, location, default_tree_location_id)
on aspen.groups to operator;

drop policy if exists groups_fence on aspen.groups;

create policy groups_fence on aspen.groups
as restrictive
for all
to member
using (
    id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    or current_user = 'operator'
)
with check (
    id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    or current_user = 'operator'
);

comment on policy groups_fence on aspen.groups is
'Only groups the caller sees, operators all, whatever else is allowed';

drop policy if exists groups_select_member on aspen.groups;

create policy groups_select_member on aspen.groups
for select
to member
using (
    id = any(nullif(current_setting('aspen.member_groups', true), '')::bigint[])
);

comment on policy groups_select_member on aspen.groups is
'Direct members and admins read their group';

drop policy if exists groups_select_operator on aspen.groups;

create policy groups_select_operator on aspen.groups
for select
to operator
using (true);

comment on policy groups_select_operator on aspen.groups is
'Operators read every group';

drop policy if exists groups_select_claims_reader on aspen.groups;

create policy groups_select_claims_reader on aspen.groups
for select
to claims_reader
using (true);

comment on policy groups_select_claims_reader on aspen.groups is
'To name the groups of a token';

drop policy if exists groups_select_api_writer on aspen.groups;

create policy groups_select_api_writer on aspen.groups
for select
to api_writer
using (true);

comment on policy groups_select_api_writer on aspen.groups is
'For the prefix in generated public identifiers';

drop policy if exists groups_insert_operator on aspen.groups;

create policy groups_insert_operator on aspen.groups
for insert
to operator
with check (true);

comment on policy groups_insert_operator on aspen.groups is
'Operators create groups';

drop policy if exists groups_update_admin on aspen.groups;

create policy groups_update_admin on aspen.groups
for update
to member
using (
    id = any(nullif(current_setting('aspen.admin_groups', true), '')::bigint[])
)
with check (
    id = any(nullif(current_setting('aspen.admin_groups', true), '')::bigint[])
);

comment on policy groups_update_admin on aspen.groups is
'Direct admins edit their group';

create or replace trigger groups_set_updated_at
before update on aspen.groups
for each row
execute function internal.set_updated_at();

create or replace trigger groups_record_insert
after insert on aspen.groups
referencing new table as changed_rows
for each statement
execute function internal.record_group_changes();

create or replace trigger groups_record_update
after update on aspen.groups
referencing new table as changed_rows
for each statement
execute function internal.record_group_changes();

create or replace trigger groups_record_delete
after delete on aspen.groups
referencing old table as changed_rows
for each statement
execute function internal.record_group_changes();

create or replace trigger groups_check_values
before insert or update on aspen.groups
for each row
execute function internal.check_values('name', 'prefix');

create or replace trigger groups_raise_problems
after insert or update on aspen.groups
for each statement
execute function internal.raise_problems();

create or replace trigger groups_refuse_noted_values
after insert or update on aspen.groups
for each statement
execute function internal.refuse_noted_values();
