-- definer because users may not read the rows of others. It names any user: a function that calls
-- it takes the id from a row that the caller sees, read again under row-level security and not from
-- an argument.
create or replace function authz.named_user(user_id bigint)
returns jsonb
language sql
stable
security definer
set search_path = ''
-- Planning it again for every row costs more than running it.
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the table was empty would read it from end to end.
set enable_seqscan = 'off'
as $$
    select jsonb_build_object('id', users.id, 'name', users.name)
    from aspen.users as users
    where users.id = named_user.user_id;
$$;

comment on function authz.named_user(bigint) is $$The name of a user

{"id", "name"}; null for null.$$;

revoke all on function authz.named_user(bigint) from public;
grant execute on function authz.named_user(bigint) to member, api_writer;
