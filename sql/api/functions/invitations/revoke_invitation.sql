create or replace function api.revoke_invitation(id bigint)
returns setof api.invitations
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.revoke_invitation(revoke_invitation.id);
end;

comment on function api.revoke_invitation(bigint) is $$Revoke an invitation

id: an invitation to a group where you are directly admin; for operators, any. Its link stops working, and
its mail is not sent if it still waits. Returns the invitation; one that was revoked stays as it is.
Errors: 403 group_access_denied, 404 invitation_not_found, 409 invitation_closed if it was accepted.$$;

revoke all on function api.revoke_invitation(bigint) from public;
grant execute on function api.revoke_invitation(bigint) to member;
