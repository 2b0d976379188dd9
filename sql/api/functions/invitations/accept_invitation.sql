create or replace function api.accept_invitation(token text)
returns table (group_id bigint, group_name text, role text, user_id bigint)
language sql
volatile
security invoker
rows 1
begin atomic
    select
        accepted.group_id,
        accepted.group_name,
        accepted.role,
        accepted.user_id
    from internal.accept_invitation(internal.trimmed(accept_invitation.token)) as accepted;
end;

comment on function api.accept_invitation(text) is $$Accept an invitation to a group

token: from the mail, or from whoever invited. The invited address must be yours: the address of your
user, or the claim email of your token with email_verified true; upper and lower case do not count. If
you have no user yet, one is made, with the claim name as its name. A member keeps the stronger of both
roles. Returns the group and the role in it. Errors: 404 invitation_not_found, also for the token of
another address; 409 invitation_closed (details has the status: accepted, revoked or expired),
email_taken.$$;

revoke all on function api.accept_invitation(text) from public;
grant execute on function api.accept_invitation(text) to member;
