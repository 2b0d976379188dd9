create or replace function internal.webhook_secret()
returns text
language sql
volatile
security invoker
set search_path = ''
as $$
    select encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64');
$$;

comment on function internal.webhook_secret() is 'A new secret of a webhook, in base64';

revoke all on function internal.webhook_secret() from public;
grant execute on function internal.webhook_secret() to api_writer;
