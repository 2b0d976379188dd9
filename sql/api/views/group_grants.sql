create or replace view api.group_grants
with (security_invoker = true)
as
select
    grants.id,
    grants.group_id,
    authz.grant_party(grants.group_id) as group_name,
    grants.grantee_group_id,
    authz.grant_party(grants.grantee_group_id) as grantee_group_name,
    grants.role,
    grants.granted_by_id,
    grants.created_at,
    grants.ends_at,
    coalesce(grants.ends_at <= now(), false)::aspen.flag as has_ended
from aspen.group_grants as grants;

comment on view api.group_grants is $$Access to its data that one group grants to another

A grant gives its role over the data of group_id to every user with any role in grantee_group_id. It works
in one direction and is not passed on. Direct members and admins of both groups see it, and operators all
grants; after it has ended, only the group that gave it sees it. Admins of that group grant with
grant_access, change role and ends_at with PATCH, and revoke with DELETE. Every change counts from the
next request on. The end of a grant is after its
beginning. Errors: 400 23514 for another role or end.$$;

comment on column api.group_grants.id is 'Identifier of the row';
comment on column api.group_grants.group_id is 'Group that owns the data and grants access';
comment on column api.group_grants.group_name is 'Name of the group that owns the data';
comment on column api.group_grants.grantee_group_id is 'Group whose users receive access';
comment on column api.group_grants.grantee_group_name is 'Name of the group that receives access';
comment on column api.group_grants.role is
'admin, member or viewer: the role that the grantee has over the data';
comment on column api.group_grants.granted_by_id is
'User who granted access; null if an administrator of the servers did';
comment on column api.group_grants.created_at is 'When access was granted';
comment on column api.group_grants.ends_at is
$$From this moment the grant gives nothing

Null if it has no end. PATCH changes it; a time in the past ends the grant.$$;
comment on column api.group_grants.has_ended is 'Whether the grant has ended';

grant select, update, delete on api.group_grants to member;
grant select on api.group_grants to api_writer;
