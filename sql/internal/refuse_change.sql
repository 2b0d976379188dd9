create or replace function internal.refuse_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    raise sqlstate '55000' using message = 'audit_log is append-only';
end
$$;

comment on function internal.refuse_change() is 'Trigger: no row of audit_log is ever changed or removed';

revoke all on function internal.refuse_change() from public;
