-- Creates the roles of the cluster. An administrator runs it, any number of times; passwords are
-- set separately (`control up`). docs/architecture.md explains the roles. None of them may have
-- CREATEROLE: settings of `authenticator` in the database override postgrest.conf, so a role that
-- can alter them controls the API.

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'aspen_owner', 'authenticator', 'anon', 'member', 'operator', 'job', 'control', 'analyst',
        'claims_reader', 'api_writer', 'auditor', 'job_runner', 'presigner', 'registrar',
        'results_keeper', 'observer'
    ] loop
        if not exists (select from pg_catalog.pg_roles
            as roles where roles.rolname = role_name) then
            execute pg_catalog.format('create role %I', role_name);
        end if;
    end loop;
end
$$;

-- All attributes are stated, so that running this file restores a role that was altered by hand.
alter role aspen_owner nologin inherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role authenticator login noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role anon nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role member nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role operator nologin inherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role job nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role control login inherit nosuperuser nocreatedb nocreaterole bypassrls;
alter role analyst login noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role claims_reader nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role api_writer nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role auditor nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role job_runner nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role presigner nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role registrar nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role results_keeper nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
-- Inherits, because statistics are shown to those who have the rights of pg_read_all_stats.
alter role observer nologin inherit nosuperuser nocreatedb nocreaterole nobypassrls;

comment on role aspen_owner is 'Owns every object; row-level security is forced on it too';
comment on role authenticator is 'Login of PostgREST: may become an API role and has no other rights';
comment on role anon is 'API role without a token: health, OpenAPI, shared links';
comment on role member is 'API role of a user with a token';
comment on role operator is 'API role of an operator: reference data and groups, no group data';
comment on role job is 'API role of a compute job: only its own inputs and outputs';
comment on role control is 'Control plane: bypasses row-level security; PostgREST cannot use it';
comment on role analyst is 'Optional read-only login for psql and BI: reference data only';
comment on role claims_reader is 'Owns the functions that identify the caller';
comment on role api_writer is 'Owns the functions that write for a caller, under equal policies';
comment on role auditor is 'Owns the trigger function that writes audit_log';
comment on role job_runner is 'Owns the functions of a running job; sees the inputs of that job only';
comment on role presigner is 'Owns the function that signs S3 URLs, for which it reads the credentials';
comment on role registrar is 'Owns the functions by which people are invited and join groups';
comment on role results_keeper is 'Owns the triggers that renew results and jobs when sequences change';
comment on role observer is 'Owns the function that counts what operators watch';

-- An operator is a member with more rights, so every policy for member also applies to operator.
grant member to operator;
grant anon to authenticator;
grant member to authenticator;
grant operator to authenticator;
grant job to authenticator;
-- The control plane acts as the API roles when it imports on behalf of a person.
grant aspen_owner to control;
grant anon to control;
grant member to control;
grant operator to control;
grant job to control;
-- Lets `control` name the query that blocks a migration.
grant pg_read_all_stats to control;
-- Lets the metrics count connections and the lag of replicas.
grant pg_read_all_stats to observer;
-- Lets the owner give a function to the role as which it runs, and use it in a trigger (inherit).
grant claims_reader to aspen_owner;
grant api_writer to aspen_owner;
grant auditor to aspen_owner;
grant job_runner to aspen_owner;
grant presigner to aspen_owner;
grant registrar to aspen_owner;
grant results_keeper to aspen_owner;
grant observer to aspen_owner;

-- One tenant's cached plan must never serve another, and the planner must see the group ids
-- (docs/architecture.md).
alter role authenticator set plan_cache_mode = 'force_custom_plan';
alter role authenticator set random_page_cost = '1.1';
alter role authenticator set jit = 'off';
-- A merge join begins at the first row of both sides, also for a page that begins at row 900,000;
-- a nested loop over kept rows compares each with each (docs/architecture.md).
alter role authenticator set enable_mergejoin = 'off';
alter role authenticator set enable_material = 'off';
-- Rejects 03/04/2024, which could mean either of two days.
alter role authenticator set datestyle = 'ISO, YMD';
alter role authenticator set statement_timeout = '15s';
-- Shorter than the time limit of a list (authz.bound_request), so that the error names the lock.
alter role authenticator set lock_timeout = '4s';
alter role authenticator set idle_in_transaction_session_timeout = '15s';
-- aspen.max_token_days, aspen.requests_at_once and aspen.groups_by_statement are not set here but
-- for the database, so that this file does not undo the operators' choice (docs/operations.md).
-- PostgREST applies the following timeouts per request; functions that need longer set their own.
alter role anon set statement_timeout = '3s';
alter role member set statement_timeout = '10s';
alter role operator set statement_timeout = '10s';
alter role job set statement_timeout = '10s';
alter role analyst set statement_timeout = '60s';
alter role analyst set default_transaction_read_only = 'on';

-- Keeps personal data out of the server log. A message may contain a value (invalid input syntax
-- for type bigint: …), our errors contain values in their details, and PostgreSQL logs the
-- statement and its parameters with an error. So for these logins the log contains only errors that
-- end a session. Operators lose errors, slow statements and lock waits there, also those of
-- auto_explain and pgaudit. They find the status and request id of every request in the access log
-- of the edge, times in pg_stat_statements, and errors of `control` in its output. To log more for
-- a while: alter role … set log_min_messages = 'error'; running this file again undoes it.
do $$
declare
    login_name text;
    setting record;
begin
    foreach login_name in array array['authenticator', 'control', 'analyst'] loop
        for setting in
            select settings.name, settings.value
            from (
                values
                    ('log_min_messages', 'fatal'),
                    -- Limits the log to the first line without values if the setting above is changed.
                    ('log_min_error_statement', 'panic'),
                    ('log_error_verbosity', 'terse'),
                    ('log_parameter_max_length', '0'),
                    ('log_parameter_max_length_on_error', '0'),
                    ('log_statement', 'none'),
                    ('log_duration', 'off'),
                    ('log_min_duration_statement', '-1'),
                    ('log_min_duration_sample', '-1'),
                    ('log_transaction_sample_rate', '0')
            ) as settings (name, value)
        loop
            begin
                execute pg_catalog.format(
                    'alter role %I set %I = %L', login_name, setting.name, setting.value
                );
            exception when insufficient_privilege then
                -- Some managed servers do not allow these settings.
                raise warning 'the log may hold data of %: % could not be set to %',
                    login_name, setting.name, setting.value
                using hint = 'Set it for the whole server, or grant set on parameter.';
            end;
        end loop;
    end loop;
end
$$;
