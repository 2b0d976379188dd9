-- NOTE: no API role may read this table; internal.presigned_url does, as presigner.

alter table aspen.storage_credentials enable row level security;

alter table aspen.storage_credentials force row level security;

grant select on aspen.storage_credentials to presigner;

drop policy if exists storage_credentials_select_presigner on aspen.storage_credentials;

create policy storage_credentials_select_presigner on aspen.storage_credentials
for select
to presigner
using (true);

comment on policy storage_credentials_select_presigner on aspen.storage_credentials is
'To sign URLs';

create or replace trigger storage_credentials_record_insert
after insert on aspen.storage_credentials
referencing new table as changed_rows
for each statement
execute function internal.record_access_changes('bucket', 'bucket', 'endpoint_url', 'expires_at');

create or replace trigger storage_credentials_record_update
after update on aspen.storage_credentials
referencing old table as old_rows new table as changed_rows
for each statement
execute function internal.record_access_changes('bucket', 'bucket', 'endpoint_url', 'expires_at');

create or replace trigger storage_credentials_record_delete
after delete on aspen.storage_credentials
referencing old table as changed_rows
for each statement
execute function internal.record_access_changes('bucket', 'bucket', 'endpoint_url', 'expires_at');
