-- The one place that sets the groups which policies compare with. Both ways set the same settings,
-- for the rest of the transaction; which one is for whoever set up the database to say
-- (docs/scaling.md), and for no caller. Nobody gains by calling this: whoever can run a statement
-- of their own can call set_config as well.
create or replace function authz.set_groups(
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
declare
    done text[];
begin
    if current_setting('aspen.groups_by_statement', true) = 'on' then
        perform authz.state_groups(
            any_groups, full_groups, direct_groups, member_groups, admin_groups
        );
    else
        done := array[
            set_config('aspen.any_groups', any_groups::text, true),
            set_config('aspen.full_groups', full_groups::text, true),
            set_config('aspen.direct_groups', direct_groups::text, true),
            set_config('aspen.member_groups', member_groups::text, true),
            set_config('aspen.admin_groups', admin_groups::text, true)
        ];
    end if;
end
$$;

comment on function authz.set_groups(bigint[], bigint[], bigint[], bigint[], bigint[]) is
$$Set the groups of the request, until its transaction ends

By set_config, or by statements if the setting aspen.groups_by_statement of the database is on. A set
that is null is empty.$$;

revoke all on function authz.set_groups(
    bigint[], bigint[], bigint[], bigint[], bigint[]
) from public;
grant execute on function authz.set_groups(bigint[], bigint[], bigint[], bigint[], bigint[])
to member, claims_reader;
