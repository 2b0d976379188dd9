-- Gives functions that run as an API role a way to internal.fail: such a role may name authz, and
-- not internal.
create or replace function authz.fail(
    status integer,
    code text,
    message text,
    details text default null,
    hint text default null
)
returns boolean
language sql
volatile
security invoker
begin atomic
    select internal.fail(fail.status, fail.code, fail.message, fail.details, fail.hint);
end;

comment on function authz.fail(integer, text, text, text, text) is
'Refuse a request, see internal.fail';

revoke all on function authz.fail(integer, text, text, text, text) from public;
grant execute on function authz.fail(integer, text, text, text, text) to member, api_writer;
