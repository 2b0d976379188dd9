-- definer because the caller may have no user yet, and nobody who calls may write users and
-- memberships. The token alone is not enough: the address must be one of the caller's, so that a
-- link that was passed on or read along lets nobody else in.
create or replace function internal.accept_invitation(token text)
returns table (group_id bigint, group_name text, role text, user_id bigint)
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    verified_email text := authz.verified_email();
    own_id bigint := authz.caller_id();
    own_email text;
    invitation aspen.invitations;
begin
    -- A machine token accepts nothing for its user.
    select users.email into own_email
    from aspen.users as users
    where users.id = own_id and authz.machine_token_id() is null;
    -- Of two who accept at once, the second waits here and then finds it accepted.
    select invitations.* into invitation
    from aspen.invitations as invitations
    where invitations.token_hash = sha256(convert_to(accept_invitation.token, 'UTF8'))
        and (
            internal.is_same_address(invitations.email, verified_email)
            or internal.is_same_address(invitations.email, own_email)
        )
    for update;
    if invitation.id is null then
        perform internal.fail(404, 'invitation_not_found', 'There is no such invitation', null,
            'Sign in with the address that was invited, and use the whole token of the mail.');
    end if;
    if invitation.accepted_at is not null
        or invitation.revoked_at is not null
        or invitation.expires_at <= now()
    then
        perform internal.fail(409, 'invitation_closed', 'The invitation does not work any more',
            json_build_object('id', invitation.id, 'status', case
                when invitation.accepted_at is not null then 'accepted'
                when invitation.revoked_at is not null then 'revoked'
                else 'expired'
            end)::text,
            'If you are not in the group yet, ask its admins for a new one.');
    end if;

    if own_id is null then
        insert into aspen.users (subject, name, email)
        values (
            claims ->> 'sub',
            case
                when jsonb_typeof(claims -> 'name') = 'string'
                    and char_length(claims ->> 'name') between 1 and 128
                    and internal.is_name(claims ->> 'name')
                    then claims ->> 'name'
                else left(invitation.email, 128)
            end,
            invitation.email
        )
        on conflict do nothing
        returning id into own_id;
        -- The same person may have accepted another invitation in the meantime.
        if own_id is null then
            select users.id into own_id
            from aspen.users as users
            where users.subject = claims ->> 'sub';
        end if;
        if own_id is null then
            perform internal.fail(409, 'email_taken', 'Another user has this address', null,
                'Sign in as that user, or ask an operator to change the sub of that user.');
        end if;
        -- The audit log then says who joined.
        perform authz.set_caller(own_id, null, null, null);
    end if;

    insert into aspen.memberships as memberships (group_id, user_id, role)
    values (invitation.group_id, own_id, invitation.role)
    on conflict (group_id, user_id) do update set role = excluded.role
    where array_position(array['viewer', 'member', 'admin'], memberships.role::text)
        < array_position(array['viewer', 'member', 'admin'], excluded.role::text);
    update aspen.invitations as invitations
    set accepted_at = now()
    where invitations.id = invitation.id;
    delete from aspen.mails as mails
    where mails.group_id = invitation.group_id
        and mails.invitation_id = invitation.id
        and mails.sent_at is null;

    return query
    select groups.id, groups.name::text, memberships.role::text, memberships.user_id
    from aspen.memberships as memberships
    inner join aspen.groups as groups on memberships.group_id = groups.id
    where memberships.group_id = invitation.group_id and memberships.user_id = own_id;
end
$$;

comment on function internal.accept_invitation(text) is
'Accept an invitation for api.accept_invitation, as registrar';

revoke all on function internal.accept_invitation(text) from public;
grant execute on function internal.accept_invitation(text) to member;
