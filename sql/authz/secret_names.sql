-- Without a `set` clause, so that it is inlined.
create or replace function authz.secret_names()
returns text[]
language sql
immutable
security invoker
begin atomic
    select array['link', 'path', 'secret', 'token', 'url'];
end;

comment on function authz.secret_names() is $$Names of secrets in answers of functions

What a function returns under such a name is shown once: it is not kept for a request that is sent again
(authz.current_setting).$$;

revoke all on function authz.secret_names() from public;
grant execute on function authz.secret_names() to claims_reader;
