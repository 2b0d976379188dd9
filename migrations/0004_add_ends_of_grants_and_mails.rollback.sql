-- code: unloaded

drop table aspen.mails;

drop index aspen.invitations_lower_email_idx;
alter table aspen.invitations
drop constraint invitations_token_hash_group_id_key,
drop constraint invitations_group_id_id_key;
alter table aspen.invitations
add constraint invitations_group_id_token_hash_key unique (group_id, token_hash);

alter table aspen.invitations
alter column created_at type timestamptz,
alter column expires_at type timestamptz,
alter column accepted_at type timestamptz,
alter column revoked_at type timestamptz;

-- What has ended must not come back. The owner of the tables is under row-level security itself,
-- and would delete no row.
set local role none;
delete from aspen.group_grants
where ends_at <= now();
set local role aspen_owner;

alter table aspen.group_grants drop column ends_at;
alter table aspen.group_grants
alter column role type text,
alter column created_at type timestamptz;

alter table aspen.memberships
alter column role type text,
alter column created_at type timestamptz;
