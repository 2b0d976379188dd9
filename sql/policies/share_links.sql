-- NOTE: nothing is granted: no resource of the API shows this table.

alter table aspen.share_links enable row level security;

alter table aspen.share_links force row level security;

drop policy if exists share_links_fence on aspen.share_links;

create policy share_links_fence on aspen.share_links
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
);

comment on policy share_links_fence on aspen.share_links is
'Only rows of groups the caller sees, whatever other policies allow';

drop policy if exists share_links_select_group on aspen.share_links;

create policy share_links_select_group on aspen.share_links
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
);

comment on policy share_links_select_group on aspen.share_links is
'Links are listed to members and admins, direct or granted';

create or replace trigger share_links_record_insert
after insert on aspen.share_links
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger share_links_record_update
after update on aspen.share_links
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger share_links_record_delete
after delete on aspen.share_links
referencing old table as changed_rows
for each statement
execute function internal.record_changes();
