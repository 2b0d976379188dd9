-- Sets by statement what authz.set_caller says, for the reason and under the rule that
-- authz.state_groups gives: the text is made of constants and numbers.
create or replace function authz.state_caller(
    user_id bigint,
    machine_token_id bigint,
    job_id bigint,
    job_group_id bigint
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    execute format('set local aspen.user_id = %L', coalesce(user_id::text, ''));
    execute format('set local aspen.machine_token_id = %L', coalesce(machine_token_id::text, ''));
    execute format('set local aspen.job_id = %L', coalesce(job_id::text, ''));
    execute format('set local aspen.job_group_id = %L', coalesce(job_group_id::text, ''));
end
$$;

comment on function authz.state_caller(bigint, bigint, bigint, bigint) is
'Set who is asking by statements, see authz.set_caller';

revoke all on function authz.state_caller(bigint, bigint, bigint, bigint) from public;
grant execute on function authz.state_caller(bigint, bigint, bigint, bigint)
to claims_reader, registrar;
