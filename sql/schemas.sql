-- Schemas by audience and what every object in them starts with. Safe to run any number of times.

create schema if not exists aspen authorization aspen_owner;
create schema if not exists authz authorization aspen_owner;
create schema if not exists internal authorization aspen_owner;
create schema if not exists api authorization aspen_owner;

comment on schema aspen is 'Tables; private';
comment on schema authz is 'Who is asking, and what may they see: the pre-request function';
comment on schema internal is 'Helpers and trigger functions; never exposed';
comment on schema api is $$Aspen

Pathogen samples, sequences, the compute jobs that run on them and their outputs, under strict rules
about which group sees what. Send a token as `Authorization: Bearer …`. Dates are YYYY-MM-DD, times
ISO 8601, booleans true or false, ids integers; blanks around a value are not part of it, and nothing
but blanks is null. Errors are `{"code",
"message", "details", "hint"}`.$$;

-- The form with `in schema` would do nothing: execute for public is a global default.
alter default privileges for role aspen_owner revoke execute on functions from public;

-- Nothing lives there, and nobody need look.
revoke all on schema public from public;

do $$
begin
    execute pg_catalog.format('revoke temporary on database %I from public',
        pg_catalog.current_database());
end
$$;

grant usage on schema api to anon, member, operator, job, api_writer;
-- NOTE: the only private schema API roles may use, because PostgREST names the pre-request function
-- in a statement of its own. It holds no table. aspen and internal are not granted to API roles:
-- they cannot name a base table.
grant usage on schema authz to anon, member, operator, job;
grant usage on schema authz to claims_reader, api_writer, auditor, results_keeper;

grant usage on schema aspen to claims_reader, api_writer, auditor, presigner, results_keeper;
grant usage on schema internal to claims_reader, api_writer, presigner, results_keeper;
