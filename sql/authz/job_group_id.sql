-- Inlined, see authz.any_groups.
create or replace function authz.job_group_id()
returns bigint
language sql
stable
security invoker
begin atomic
    select nullif(current_setting('aspen.job_group_id', true), '')::bigint;
end;

comment on function authz.job_group_id() is
'The group that owns the job whose program calls; null for anybody else';

revoke all on function authz.job_group_id() from public;
grant execute on function authz.job_group_id() to job_runner;
