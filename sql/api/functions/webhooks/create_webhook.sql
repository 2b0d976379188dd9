create or replace function api.create_webhook(
    group_id bigint,
    url text,
    kinds text[] default null
)
returns table (id bigint, secret text)
language sql
volatile
security invoker
rows 1
begin atomic
    select
        webhooks.id,
        webhooks.secret
    from internal.create_webhook(
        create_webhook.group_id, create_webhook.url, create_webhook.kinds
    ) as webhooks;
end;

comment on function api.create_webhook(bigint, text, text[]) is $$Send the events of a group to an address

group_id: a group where you are directly admin. url: an address https://name/path, at most 2,000 characters, of a
server that everybody can reach. kinds: kinds of events, as in events; all if none are named. Returns its id
and, this once, the secret with which you verify the messages. Events from now on are sent, as long as
you belong to the group. A group has at most 10 webhooks. Errors: 400 invalid_argument, 403 group_access_denied,
409 too_many_webhooks.$$;

revoke all on function api.create_webhook(bigint, text, text[]) from public;
grant execute on function api.create_webhook(bigint, text, text[]) to member;
