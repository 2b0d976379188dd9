-- Sets by statement what authz.set_groups says. A database that is spread over several machines
-- passes a statement on to them and set_config not: there, the policies would see no group and show
-- no row.
-- SET takes no parameter, so the text is made here, which is done nowhere else but in
-- authz.state_caller. It is made of a constant and of arrays of bigint: their text has digits,
-- commas, braces, minus and NULL, whoever calls; %L puts it in quotation marks. The rule
-- functions_run_no_sql_text accepts these statements word for word and no other. One execute for
-- each, because what is passed on is the whole text of an execute.
create or replace function authz.state_groups(
    any_groups bigint[],
    full_groups bigint[],
    direct_groups bigint[],
    member_groups bigint[],
    admin_groups bigint[]
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    execute format('set local aspen.any_groups = %L', coalesce(any_groups::text, ''));
    execute format('set local aspen.full_groups = %L', coalesce(full_groups::text, ''));
    execute format('set local aspen.direct_groups = %L', coalesce(direct_groups::text, ''));
    execute format('set local aspen.member_groups = %L', coalesce(member_groups::text, ''));
    execute format('set local aspen.admin_groups = %L', coalesce(admin_groups::text, ''));
end
$$;

comment on function authz.state_groups(bigint[], bigint[], bigint[], bigint[], bigint[]) is
'Set the groups of the request by statements, see authz.set_groups';

revoke all on function authz.state_groups(
    bigint[], bigint[], bigint[], bigint[], bigint[]
) from public;
grant execute on function authz.state_groups(bigint[], bigint[], bigint[], bigint[], bigint[])
to member, claims_reader;
