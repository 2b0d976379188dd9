-- Creates the schemas, one per audience, with their default privileges. It may be run any number of
-- times.

create schema if not exists aspen authorization aspen_owner;
create schema if not exists authz authorization aspen_owner;
create schema if not exists internal authorization aspen_owner;
create schema if not exists api authorization aspen_owner;

comment on schema aspen is 'Tables; private';
comment on schema authz is 'Functions that determine who makes a request and what they may see';
comment on schema internal is 'Helpers and trigger functions; never exposed';
comment on schema api is $$Aspen

Pathogen samples, their sequences, the compute jobs that analyse them and their outputs. Each caller sees
only the rows that their groups allow. Send a token as `Authorization: Bearer …`. Dates are YYYY-MM-DD,
times ISO 8601, booleans true or false, ids integers. White space around a value is removed, and a value
of only white space is null. A PATCH or DELETE that affects more than 100 rows needs `Prefer: max-affected=N`
and is refused otherwise. Errors are `{"code", "message", "details", "hint"}`.$$;

-- Without `in schema`, which would have no effect: execute for public is a global default.
alter default privileges for role aspen_owner revoke execute on functions from public;

-- The schema public contains nothing, so no role needs it.
revoke all on schema public from public;

do $$
begin
    execute pg_catalog.format('revoke temporary on database %I from public',
        pg_catalog.current_database());
end
$$;

grant usage on schema api to anon, member, operator, job, api_writer, registrar;
-- NOTE: authz is the only private schema that API roles may use, because PostgREST names the
-- pre-request function in a statement of its own. It contains no table. API roles may not use aspen
-- and internal, so they cannot name a base table.
grant usage on schema authz to anon, member, operator, job;
grant usage on schema authz
to claims_reader, api_writer, auditor, job_runner, registrar, results_keeper;

grant usage on schema aspen
to claims_reader, api_writer, auditor, job_runner, presigner, registrar, results_keeper, observer;
grant usage on schema internal
to claims_reader, api_writer, job_runner, presigner, registrar, results_keeper, observer;
