-- Cluster-level roles. Run by an administrator, any number of times; passwords are set apart
-- (`control up`). The rules behind them: docs/architecture.md. Nothing here may be granted
-- CREATEROLE: in-database settings of `authenticator` win over postgrest.conf, so whoever may alter
-- them owns the API.

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'aspen_owner', 'authenticator', 'anon', 'member', 'operator', 'job', 'control', 'analyst',
        'claims_reader', 'api_writer', 'auditor', 'presigner', 'results_keeper'
    ] loop
        if not exists (select from pg_catalog.pg_roles
            as roles where roles.rolname = role_name) then
            execute pg_catalog.format('create role %I', role_name);
        end if;
    end loop;
end
$$;

-- Attributes are stated in full, so that a role altered by hand comes back to what this file says.
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
alter role presigner nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role results_keeper nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;

comment on role aspen_owner is 'Owns every object; row-level security is forced on it too';
comment on role authenticator is 'The login of PostgREST: it may become an API role and nothing else';
comment on role anon is 'API role without a token: health, OpenAPI, shared links';
comment on role member is 'API role of a person with a token';
comment on role operator is 'API role of an administrator: reference data and groups, no group data';
comment on role job is 'API role of a compute job: its own inputs and outputs, nothing else';
comment on role control is 'The control plane: bypasses row-level security, no PostgREST reaches it';
comment on role analyst is 'Optional read-only login for psql and BI: reference data only';
comment on role claims_reader is 'Owns the functions that look up who is asking';
comment on role api_writer is 'Owns the functions that write for a caller, under policies like member''s';
comment on role auditor is 'Owns the trigger function that writes audit_log';
comment on role presigner is 'Owns the function that signs S3 URLs, for which it reads the credentials';
comment on role results_keeper is 'Owns the triggers that keep results and jobs in step with sequences';

-- An operator is a member with more rights, so every policy for member holds for operator as well.
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
-- To say which query stands in the way of a migration.
grant pg_read_all_stats to control;
-- So that the owner can hand a function over to the role it is meant to run as, and use it in a
-- trigger (inherit).
grant claims_reader to aspen_owner;
grant api_writer to aspen_owner;
grant auditor to aspen_owner;
grant presigner to aspen_owner;
grant results_keeper to aspen_owner;

-- One tenant's cached plan must never serve another, and the planner must see the group ids
-- (docs/architecture.md).
alter role authenticator set plan_cache_mode = 'force_custom_plan';
alter role authenticator set random_page_cost = '1.1';
alter role authenticator set jit = 'off';
-- 03/04/2024 is refused instead of taken for one of the two days it may mean.
alter role authenticator set datestyle = 'ISO, YMD';
alter role authenticator set statement_timeout = '15s';
-- Less than a list has (authz.bound_request), so that it says what it waited for.
alter role authenticator set lock_timeout = '4s';
alter role authenticator set idle_in_transaction_session_timeout = '15s';
-- Not set here, so that this file does not take the operators' choice back: aspen.max_token_days
-- and aspen.requests_at_once, of a database (docs/operations.md).
-- PostgREST applies these per request; functions that need longer say so themselves.
alter role anon set statement_timeout = '3s';
alter role member set statement_timeout = '10s';
alter role operator set statement_timeout = '10s';
alter role job set statement_timeout = '10s';
alter role analyst set statement_timeout = '60s';
alter role analyst set default_transaction_read_only = 'on';

-- The server log holds nobody's data. A message may carry a value (invalid input syntax for type
-- bigint: …), an error of ours carries them in its details, and with an error come the statement
-- and its parameters. So of these logins the log tells only what ends a session. What an operator
-- loses: their errors, slow statements and lock waits, also in the words of auto_explain and
-- pgaudit. Where to look instead: the access log before the API has status and request id of every
-- request, pg_stat_statements the times, and `control` shows its own errors. To look closer for a
-- while: alter role … set log_min_messages = 'error'; this file puts it back.
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
                    -- In case the one above is changed: no more than the first line, and no value.
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
                -- Some managed servers keep these to themselves.
                raise warning 'the log may hold data of %: % could not be set to %',
                    login_name, setting.name, setting.value
                using hint = 'Set it for the whole server, or grant set on parameter.';
            end;
        end loop;
    end loop;
end
$$;
