-- NOTE: no write is granted: job outputs are registered by the control plane.
-- The fence says word for word what the select policy says (policies/samples.sql).

alter table aspen.accessions enable row level security;

alter table aspen.accessions force row level security;

grant select on aspen.accessions to member;

drop policy if exists accessions_fence on aspen.accessions;

create policy accessions_fence on aspen.accessions
as restrictive
for all
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    and (not is_private or group_id = any(nullif(
        current_setting('aspen.full_groups', true),
        ''
    )::bigint[]))
)
with check (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    and (not is_private or group_id = any(nullif(
        current_setting('aspen.full_groups', true),
        ''
    )::bigint[]))
);

comment on policy accessions_fence on aspen.accessions is
'Only rows the caller may see, whatever other policies allow';

drop policy if exists accessions_select_group on aspen.accessions;

create policy accessions_select_group on aspen.accessions
for select
to member
using (
    group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])
    and (not is_private or group_id = any(nullif(
        current_setting('aspen.full_groups', true),
        ''
    )::bigint[]))
);

comment on policy accessions_select_group on aspen.accessions is
'Visible like the sample: private rows to members and admins only';

create or replace trigger accessions_set_updated_at
before update on aspen.accessions
for each row
execute function internal.set_updated_at();

create or replace trigger accessions_record_insert
after insert on aspen.accessions
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger accessions_record_update
after update on aspen.accessions
referencing new table as changed_rows
for each statement
execute function internal.record_changes();

create or replace trigger accessions_record_delete
after delete on aspen.accessions
referencing old table as changed_rows
for each statement
execute function internal.record_changes();
