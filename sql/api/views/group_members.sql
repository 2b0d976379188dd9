create or replace view api.group_members
with (security_invoker = true)
as
select
    memberships.id,
    memberships.group_id,
    memberships.user_id,
    memberships.role,
    (authz.fellow(memberships.user_id)).name as name,
    (authz.fellow(memberships.user_id)).email as email,
    (authz.fellow(memberships.user_id)).agreed_to_tos as agreed_to_tos,
    (authz.fellow(memberships.user_id)).acknowledged_policy_version as acknowledged_policy_version,
    memberships.created_at
from aspen.memberships as memberships;

comment on view api.group_members is $$Members of groups, with their roles

Direct members and admins see the members of their group, operators those of every group, and everybody
sees their own rows. PATCH changes the role, by an admin. DELETE removes a member, by an admin, or leaves
the group, by the member. New members accept an invitation. A group keeps at least one admin. A token that
names its groups itself stays valid for them until it expires. Errors: 400 23514 if the role is none of
the three; 409 last_admin.$$;

comment on column api.group_members.id is 'Identifier of the row';
comment on column api.group_members.group_id is 'Group; see groups';
comment on column api.group_members.user_id is 'User; id in me';
comment on column api.group_members.role is
'admin, member or viewer; an admin of the group may change it';
comment on column api.group_members.name is 'Name of the user';
comment on column api.group_members.email is 'E-mail address of the user';
comment on column api.group_members.agreed_to_tos is
'Whether the user accepted the terms of service';
comment on column api.group_members.acknowledged_policy_version is
'Date of the policy version that the user last acknowledged; null if none';
comment on column api.group_members.created_at is 'When the user joined the group';

grant select, update, delete on api.group_members to member;
