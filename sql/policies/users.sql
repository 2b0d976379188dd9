alter table aspen.users enable row level security;

alter table aspen.users force row level security;

grant select on aspen.users to member, claims_reader;
grant update (
    name, agreed_to_tos, acknowledged_policy_version,
    gisaid_submitter_id
) on aspen.users to member;

drop policy if exists users_select_own on aspen.users;

create policy users_select_own on aspen.users
for select
to member
using (
    id = nullif(current_setting('aspen.user_id', true), '')::bigint
);

comment on policy users_select_own on aspen.users is
'Users read themselves';

drop policy if exists users_select_claims_reader on aspen.users;

create policy users_select_claims_reader on aspen.users
for select
to claims_reader
using (true);

comment on policy users_select_claims_reader on aspen.users is
'To find the user of a token';

drop policy if exists users_update_own on aspen.users;

create policy users_update_own on aspen.users
for update
to member
using (
    id = nullif(current_setting('aspen.user_id', true), '')::bigint
)
with check (
    id = nullif(current_setting('aspen.user_id', true), '')::bigint
);

comment on policy users_update_own on aspen.users is
'Users edit themselves';

create or replace trigger users_set_updated_at
before update on aspen.users
for each row
execute function internal.set_updated_at();

create or replace trigger users_record_insert
after insert on aspen.users
referencing new table as changed_rows
for each statement
execute function internal.record_access_changes(
    'id', 'subject', 'is_operator', 'tokens_valid_after', 'disabled_at'
);

create or replace trigger users_record_update
after update on aspen.users
referencing old table as old_rows new table as changed_rows
for each statement
execute function internal.record_access_changes(
    'id', 'subject', 'is_operator', 'tokens_valid_after', 'disabled_at'
);

create or replace trigger users_record_delete
after delete on aspen.users
referencing old table as changed_rows
for each statement
execute function internal.record_access_changes(
    'id', 'subject', 'is_operator', 'tokens_valid_after', 'disabled_at'
);

create or replace trigger users_check_values
before insert or update on aspen.users
for each row
execute function internal.check_values('name');

create or replace trigger users_raise_problems
after insert or update on aspen.users
for each statement
execute function internal.raise_problems();

create or replace trigger users_refuse_noted_values
after insert or update on aspen.users
for each statement
execute function internal.refuse_noted_values();
