-- NOTE: no API role may read this table; internal.presigned_url does, as presigner.

grant select on aspen.storage_credentials to presigner;

create policy storage_credentials_select_presigner on aspen.storage_credentials
for select to presigner
using (true);

comment on policy storage_credentials_select_presigner on aspen.storage_credentials is
'To sign URLs';
