-- definer because members may not write the secret; row-level security applies to api_writer as
-- well, so a webhook that the caller does not see is as if absent. Nobody who calls reads a secret:
-- the trigger keeps the former one.
create or replace function internal.rotate_webhook_secret(id bigint, overlap_hours integer)
returns table (webhook_id bigint, secret text, former_secret_ends_at timestamptz)
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    new_secret constant text := internal.webhook_secret();
begin
    if rotate_webhook_secret.overlap_hours is null
        or rotate_webhook_secret.overlap_hours not between 0 and 168
    then
        perform internal.fail(400, 'invalid_argument', 'overlap_hours must be from 0 to 168',
            json_build_array(json_build_object('field', 'overlap_hours', 'value',
                rotate_webhook_secret.overlap_hours, 'reason', 'must be from 0 to 168'))::text);
    end if;
    return query
    update aspen.webhooks as webhooks
    set
        secret = new_secret,
        former_secret_ends_at = case
            when rotate_webhook_secret.overlap_hours > 0
                then now() + make_interval(hours => rotate_webhook_secret.overlap_hours)
        end
    where webhooks.id = rotate_webhook_secret.id
    returning webhooks.id, 'whsec_' || new_secret, webhooks.former_secret_ends_at::timestamptz;
    if not found then
        perform internal.fail(404, 'webhook_not_found', 'There is no such webhook',
            json_build_object('id', rotate_webhook_secret.id)::text, 'Look it up in webhooks.');
    end if;
end
$$;

comment on function internal.rotate_webhook_secret(bigint, integer) is
'Replace a secret for api.rotate_webhook_secret, as api_writer';

revoke all on function internal.rotate_webhook_secret(bigint, integer) from public;
grant execute on function internal.rotate_webhook_secret(bigint, integer) to member;
