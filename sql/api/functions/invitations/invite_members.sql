-- emails is JSON, because a number where the request needs a text would arrive as a text.
create or replace function api.invite_members(
    group_id bigint,
    emails json,
    role text default 'member',
    days integer default 7
)
returns table (
    email text,
    outcome text,
    invitation_id bigint,
    token text,
    link text,
    expires_at timestamptz
)
language sql
volatile
security invoker
rows 100
begin atomic
    select
        invited.email,
        invited.outcome,
        invited.invitation_id,
        invited.token,
        invited.link,
        invited.expires_at
    from internal.invite_members(
        invite_members.group_id,
        invite_members.emails,
        internal.trimmed(invite_members.role),
        invite_members.days
    ) as invited;
end;

comment on function api.invite_members(bigint, json, text, integer) is
$$Invite people to a group

group_id: a group where you are directly admin; for operators, any group. emails: 1 to 100 addresses.
role: what each gets: admin, member (the default) or viewer. days: how long the invitation works, 1 to 90,
7 by default. Returns one row for each address, in the order of the request. outcome: invited;
already_invited (an open invitation exists, revoke it to make a new one); already_member; named_twice;
invalid_address. invited also has invitation_id, expires_at, and the token for accept_invitation, which no
other request shows again; link is the token in the address of the web app, null if this API knows none.
The person is mailed the same. Errors: 400 invalid_argument, empty_batch; 403 group_access_denied; 413
batch_too_large.$$;

revoke all on function api.invite_members(bigint, json, text, integer) from public;
grant execute on function api.invite_members(bigint, json, text, integer) to member;
