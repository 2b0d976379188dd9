-- The address is checked once more when a message is sent, by what its name leads to then.
-- definer because nobody who calls may write webhooks; row-level security applies to api_writer as
-- well.
create or replace function internal.create_webhook(group_id bigint, url text, kinds text[])
returns table (id bigint, secret text)
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    address text := internal.trimmed(create_webhook.url);
    host text := lower(substring(address from '^https?://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:[/?]|$)'));
    is_local boolean := host = any(
        string_to_array(current_setting('aspen.webhook_local_hosts', true), ',')
    );
    wanted text[] := coalesce(create_webhook.kinds, array[
        'sample.created', 'sample.changed', 'sample.deleted', 'job.ended', 'tree.ready'
    ]);
    new_secret constant text := internal.webhook_secret();
    problems json;
begin
    perform authz.require_member(
        create_webhook.group_id, 'You cannot make webhooks of this group', 'admin'
    );
    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        ('url', address, case
            when address is null then 'is required'
            when length(address) > 2000 then 'must have at most 2,000 characters'
            when host is null
                or address !~ '^[A-Za-z0-9._~:/?@!$&()*+,;=%-]+$'
                or not coalesce(is_local, false) and (
                    address !~ '^https:'
                    or host !~ '^[a-z0-9-]+([.][a-z0-9-]+)*[.][a-z][a-z0-9-]*$'
                    or host ~ '[.](local|localhost|internal)$'
                )
                then 'must be an address https://name/path of a public server'
        end),
        ('kinds', wanted::text, case
            when cardinality(wanted) = 0
                or array_ndims(wanted) > 1
                or exists (select from unnest(wanted) as listed (kind) where listed.kind is null)
                or not wanted <@ array[
                    'sample.created', 'sample.changed', 'sample.deleted', 'job.ended', 'tree.ready'
                ]
                then 'must be kinds of events'
        end)
    ) as found (field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The webhook is invalid', problems::text);
    end if;
    -- Two at once wait for each other, so that there are never more.
    perform pg_advisory_xact_lock(hashtextextended('aspen.webhooks', create_webhook.group_id));
    if (
        select count(*) from aspen.webhooks as webhooks
        where webhooks.group_id = create_webhook.group_id
    ) >= 10 then
        perform internal.fail(409, 'too_many_webhooks', 'The group has 10 webhooks already',
            json_build_object('group_id', create_webhook.group_id)::text,
            'Delete one that nobody needs.');
    end if;
    return query
    insert into aspen.webhooks as webhooks (
        group_id, url, kinds, secret, created_by_id, last_event_id
    )
    values (
        create_webhook.group_id,
        address,
        array(select distinct listed.kind from unnest(wanted) as listed (kind) order by 1),
        new_secret,
        authz.caller_id(),
        coalesce((
            select max(events.id) from aspen.events as events
            where events.group_id = create_webhook.group_id
        ), 0)
    )
    returning webhooks.id, 'whsec_' || new_secret;
end
$$;

comment on function internal.create_webhook(bigint, text, text[]) is
'Make a webhook for api.create_webhook, as api_writer';

revoke all on function internal.create_webhook(bigint, text, text[]) from public;
grant execute on function internal.create_webhook(bigint, text, text[]) to member;
