create or replace view api.invitations
with (security_invoker = true)
as
select
    invitations.id,
    invitations.group_id,
    invitations.email,
    invitations.role,
    case
        when invitations.accepted_at is not null then 'accepted'
        when invitations.revoked_at is not null then 'revoked'
        when invitations.expires_at <= now() then 'expired'
        else 'open'
    end as status,
    invitations.invited_by_id,
    invitations.created_at,
    invitations.expires_at,
    invitations.accepted_at,
    invitations.revoked_at
from aspen.invitations as invitations;

comment on view api.invitations is $$Invitations to join a group

Direct members and admins see the invitations of their group, operators all. Admins of the group and
operators invite with invite_members and revoke with revoke_invitation; the invited person joins with
accept_invitation.$$;

comment on column api.invitations.id is 'Identifier of the row';
comment on column api.invitations.group_id is 'Group that the person is invited to; see groups';
comment on column api.invitations.email is 'E-mail address that is invited';
comment on column api.invitations.role is 'Role the person gets: admin, member or viewer';
comment on column api.invitations.status is 'open, accepted, revoked or expired';
comment on column api.invitations.invited_by_id is
'User who invited; null if that user was deleted';
comment on column api.invitations.created_at is 'When the person was invited';
comment on column api.invitations.expires_at is 'When the invitation stops working';
comment on column api.invitations.accepted_at is 'When it was accepted; null if it was not';
comment on column api.invitations.revoked_at is
$$When it was revoked; null if it was not

A new invitation of an address revokes its expired one.$$;

grant select on api.invitations to member, registrar;
