-- NOTE: no API role may read this table; internal.presigned_url does, as presigner.

grant select on aspen.storage_credentials to presigner;
grant select (bucket, expires_at) on aspen.storage_credentials to observer;

create policy storage_credentials_select_presigner on aspen.storage_credentials
for select to presigner
using (true);

comment on policy storage_credentials_select_presigner on aspen.storage_credentials is
'To sign URLs';

create policy storage_credentials_select_observer on aspen.storage_credentials
for select to observer
using (true);

comment on policy storage_credentials_select_observer on aspen.storage_credentials is
'To tell when they expire';
