-- definer because nobody who calls may write invitations and mails, and operators invite into
-- groups that they do not see. The link is made of random bytes and is nowhere stored but in the
-- mail.
create or replace function internal.invite_members(
    group_id bigint,
    emails json,
    role text,
    days integer
)
returns table (
    email text,
    outcome text,
    invitation_id bigint,
    token text,
    link text,
    expires_at timestamptz
)
language plpgsql
volatile
security definer
rows 100
set search_path = ''
as $$
#variable_conflict use_column
declare
    addresses text[] := internal.parse_words_list(invite_members.emails);
    group_name text;
    problems json;
begin
    if current_setting('role', true) is distinct from 'operator' then
        perform authz.require_member(
            invite_members.group_id, 'You cannot invite people to this group', 'admin');
    end if;
    select groups.name into group_name
    from aspen.groups as groups
    where groups.id = invite_members.group_id and groups.id <> 0;
    if group_name is null then
        perform internal.fail(403, 'group_access_denied', 'You cannot invite people to this group',
            json_build_object('group_id', invite_members.group_id)::text,
            'There is no such group that people can join.');
    end if;

    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        ('emails', invite_members.emails #>> '{}', case
            when addresses is null then 'must be an array of texts'
        end),
        ('role', invite_members.role, case
            when coalesce(invite_members.role, '') not in ('admin', 'member', 'viewer')
                then 'must be admin, member or viewer'
        end),
        ('days', invite_members.days::text, case
            when coalesce(invite_members.days, 0) not between 1 and 90
                then 'must be 1 to 90'
        end)
    ) as found(field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The invitation is invalid', problems::text);
    end if;
    if addresses = '{}' then
        perform internal.fail(400, 'empty_batch', 'There is nobody to invite');
    end if;
    if cardinality(addresses) > 100 then
        perform internal.fail(413, 'batch_too_large', 'Too many addresses at once',
            json_build_object('addresses', cardinality(addresses), 'largest', 100)::text,
            'Send them in parts.');
    end if;

    -- An expired invitation makes room for a new one, in a statement of its own, so that the insert
    -- below finds the room.
    with replaced as (
        update aspen.invitations as invitations
        set revoked_at = now()
        where invitations.group_id = invite_members.group_id
            and lower(invitations.email) = any(array(
                select lower(given.email) from unnest(addresses) as given(email)
            ))
            and invitations.accepted_at is null
            and invitations.revoked_at is null
            and invitations.expires_at <= now()
        returning invitations.group_id, invitations.id
    )

    delete from aspen.mails as mails
    using replaced
    where mails.group_id = replaced.group_id
        and mails.invitation_id = replaced.id
        and mails.sent_at is null;

    return query
    with given as (
        select
            listed.email,
            listed.place,
            -- The rules of the table.
            coalesce(
                listed.email ~ '^[^@\s]+@[^@\s]+$'
                and char_length(listed.email) <= 254
                and internal.is_name(listed.email),
                false
            ) as is_address,
            row_number() over (partition by lower(listed.email) order by listed.place) as turn
        from unnest(addresses) with ordinality as listed(email, place)
    ),

    judged as (
        select
            given.*,
            case
                when not given.is_address then 'invalid_address'
                when given.turn > 1 then 'named_twice'
                when exists (
                    select from aspen.users as users
                    inner join aspen.memberships as memberships on users.id = memberships.user_id
                    where lower(users.email) = lower(given.email)
                        and memberships.group_id = invite_members.group_id
                ) then 'already_member'
            end as objection
        from given
    ),

    drawn as materialized (
        select
            judged.email,
            encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'hex') as token
        from judged
        where judged.objection is null
    ),

    stored as (
        insert into aspen.invitations (
            group_id, email, role, token_hash, invited_by_id, expires_at
        )
        select
            invite_members.group_id, drawn.email, invite_members.role,
            sha256(convert_to(drawn.token, 'UTF8')), authz.caller_id(),
            now() + make_interval(days => invite_members.days)
        from drawn
        on conflict (group_id, lower(email)) where accepted_at is null and revoked_at is null
        do nothing
        returning id, email, expires_at
    ),

    linked as (
        select
            stored.id,
            stored.email,
            stored.expires_at,
            drawn.token,
            nullif(current_setting('aspen.invitation_url', true), '') || drawn.token as link
        from stored
        inner join drawn on stored.email = drawn.email
    ),

    mailed as (
        insert into aspen.mails (group_id, invitation_id, recipient, subject, body)
        select
            invite_members.group_id,
            linked.id,
            linked.email,
            'Invitation to ' || group_name,
            format(
                E'You are invited to %s as %s.\n\n%s\n\nSign in with the address %s. The invitation'
                    ' works once, until %s UTC.\n',
                group_name,
                invite_members.role,
                coalesce('Accept it here: ' || linked.link,
                    'Accept it with this token: ' || linked.token),
                linked.email,
                to_char(linked.expires_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
            )
        from linked
    )

    select
        left(judged.email, 300),
        coalesce(judged.objection, case when linked.id is null then 'already_invited'
            else 'invited' end),
        linked.id,
        linked.token,
        linked.link,
        linked.expires_at::timestamptz
    from judged
    left join linked on judged.email = linked.email and judged.objection is null
    order by judged.place;
end
$$;

comment on function internal.invite_members(bigint, json, text, integer) is
'Invite people to a group for api.invite_members, as registrar';

revoke all on function internal.invite_members(bigint, json, text, integer) from public;
grant execute on function internal.invite_members(bigint, json, text, integer) to member;
