create or replace function api.rotate_webhook_secret(id bigint, overlap_hours integer default 24)
returns table (webhook_id bigint, secret text, former_secret_ends_at timestamptz)
language sql
volatile
security invoker
rows 1
begin atomic
    select
        rotated.webhook_id,
        rotated.secret,
        rotated.former_secret_ends_at
    from internal.rotate_webhook_secret(
        rotate_webhook_secret.id, rotate_webhook_secret.overlap_hours
    ) as rotated;
end;

comment on function api.rotate_webhook_secret(bigint, integer) is $$Replace the secret that signs a webhook

id: a webhook of a group where you are directly admin. overlap_hours: how long messages are signed with the former
secret as well, from 0 (the former one leaked) to 168; 24 unless given. Returns, this once, the new secret. Until
former_secret_ends_at the header webhook-signature has two signatures, the new one first, so that receivers may change
at any time in between. Errors: 400 invalid_argument, 404 webhook_not_found.$$;

revoke all on function api.rotate_webhook_secret(bigint, integer) from public;
grant execute on function api.rotate_webhook_secret(bigint, integer) to member;
