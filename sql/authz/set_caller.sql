-- Sets who is asking, beside authz.set_groups and in the same way: some policies compare with it.
create or replace function authz.set_caller(
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
declare
    done text[];
begin
    if current_setting('aspen.groups_by_statement', true) = 'on' then
        perform authz.state_caller(user_id, machine_token_id, job_id, job_group_id);
    else
        done := array[
            set_config('aspen.user_id', user_id::text, true),
            set_config('aspen.machine_token_id', machine_token_id::text, true),
            set_config('aspen.job_id', job_id::text, true),
            set_config('aspen.job_group_id', job_group_id::text, true)
        ];
    end if;
end
$$;

comment on function authz.set_caller(bigint, bigint, bigint, bigint) is
$$Set who is asking, until the transaction ends

A user, perhaps with a machine token, or a job and its group; null for what it is not.$$;

revoke all on function authz.set_caller(bigint, bigint, bigint, bigint) from public;
grant execute on function authz.set_caller(bigint, bigint, bigint, bigint)
to claims_reader, registrar;
