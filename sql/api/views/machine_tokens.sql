create or replace view api.machine_tokens
with (security_invoker = true)
as
select
    machine_tokens.id,
    machine_tokens.group_id,
    machine_tokens.user_id,
    machine_tokens.name,
    machine_tokens.scope,
    case
        when machine_tokens.revoked_at is not null then 'revoked'
        when machine_tokens.expires_at <= now() then 'expired'
        else 'open'
    end as status,
    machine_tokens.created_at,
    machine_tokens.expires_at,
    machine_tokens.revoked_at,
    machine_tokens.last_used_at
from aspen.machine_tokens as machine_tokens;

comment on view api.machine_tokens is $$Tokens of programs, each for one group

Direct admins see those of their group, everybody those that act as them; nobody sees a token again. An
operator of the platform makes them. A machine token sees its group as its user does and no other group,
also none that grants access; it manages neither people nor webhooks, and with the scope read it changes
nothing. End one with revoke_machine_token.$$;

comment on column api.machine_tokens.id is 'Identifier of the row';
comment on column api.machine_tokens.group_id is 'Group that the token is for; see groups in me';
comment on column api.machine_tokens.user_id is
$$User the token acts as; see group_members

It works as long as this user is in the group and not disabled.$$;
comment on column api.machine_tokens.name is 'What the token is for';
comment on column api.machine_tokens.scope is 'read or write';
comment on column api.machine_tokens.status is 'open, expired or revoked';
comment on column api.machine_tokens.created_at is 'When the token was made';
comment on column api.machine_tokens.expires_at is 'When the token stops working';
comment on column api.machine_tokens.revoked_at is
'When the token was revoked; null if it was not';
comment on column api.machine_tokens.last_used_at is
'When the token was last used, to the minute; null if it was not';

grant select on api.machine_tokens to member, api_writer;
