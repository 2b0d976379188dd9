-- definer because nobody who calls may write invitations, and operators revoke in groups that they
-- do not see. An invitation that the caller does not see is as if absent.
create or replace function internal.revoke_invitation(id bigint)
returns setof api.invitations
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    invitation aspen.invitations;
    is_operator boolean := current_setting('role', true) = 'operator';
begin
    select invitations.* into invitation
    from aspen.invitations as invitations
    where invitations.id = revoke_invitation.id
        and (is_operator or invitations.group_id = any(authz.member_groups()))
    for update;
    if invitation.id is null then
        perform internal.fail(404, 'invitation_not_found', 'There is no such invitation',
            json_build_object('id', revoke_invitation.id)::text, 'Look it up in invitations.');
    end if;
    if is_operator is not true then
        perform authz.require_member(
            invitation.group_id, 'You cannot revoke invitations to this group', 'admin');
    end if;
    if invitation.accepted_at is not null then
        perform internal.fail(409, 'invitation_closed', 'The invitation was accepted',
            json_build_object('id', invitation.id, 'status', 'accepted')::text,
            'Remove the member from group_members.');
    end if;
    update aspen.invitations as invitations
    set revoked_at = now()
    where invitations.id = invitation.id and invitations.revoked_at is null;
    delete from aspen.mails as mails
    where mails.group_id = invitation.group_id
        and mails.invitation_id = invitation.id
        and mails.sent_at is null;
    return query
    select invitations.* from api.invitations as invitations
    where invitations.id = invitation.id;
end
$$;

comment on function internal.revoke_invitation(bigint) is
'Revoke an invitation for api.revoke_invitation, as registrar';

revoke all on function internal.revoke_invitation(bigint) from public;
grant execute on function internal.revoke_invitation(bigint) to member;
