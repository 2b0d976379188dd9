-- Declared immutable for the reason authz.only_group gives. A view that uses this asks for the same
-- once more when a plan runs, with the settings themselves, so that a plan that another caller met
-- would show nothing.
create or replace function authz.is_viewer_nowhere()
returns boolean
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    return current_setting('aspen.is_viewer_nowhere', true) = 'true';
end
$$;

comment on function authz.is_viewer_nowhere() is
'Whether the caller is viewer nowhere; not true where plans are kept';

revoke all on function authz.is_viewer_nowhere() from public;
grant execute on function authz.is_viewer_nowhere() to member;
