"""A fault for every rule, and the offender that the rule must then name; run as superuser."""

from __future__ import annotations

SEEN = "group_id = any(authz.any_groups())"
SPELLED_OUT = "group_id = any(nullif(current_setting('aspen.any_groups', true), '')::bigint[])"
FUNCTION = "returns integer language sql security invoker set search_path = '' as $$ select 1 $$"

# rule -> statement -> offenders
FAULTS: dict[str, dict[str, list[str]]] = {
    "versions_say_when_they_end": {
        "create schema api_v1": ["schema api_v1"],
        "create schema api_v1; comment on schema api_v1 is E'Aspen\n\nDeprecated: 2027-01-01'": [
            "schema api_v1"
        ],
        "create schema api_v1; comment on schema api_v1 is"
        " E'Aspen\n\nDeprecated: 2027-01-01\nSunset: 2027-13-01'": ["schema api_v1"],
    },
    "versions_are_made_of_api": {
        "create schema api_v1; create view api_v1.samples with (security_invoker = true) as"
        " select id, private_identifier from aspen.samples": ["api_v1.samples"],
        "create schema api_v1; create view api_v1.samples with (security_invoker = true) as"
        " select id from api.samples where id in (select sample_id from aspen.sequences)": [
            "api_v1.samples"
        ],
    },
    "tables_force_row_level_security": {
        "alter table aspen.samples no force row level security": ["aspen.samples"],
        "alter table aspen.groups disable row level security": ["aspen.groups"],
        "create table aspen.notes (id bigint)": ["aspen.notes"],
        "create table internal.notes (id bigint)": ["internal.notes"],
        "create schema lab; create table lab.notes (id bigint);"
        " grant select (id) on lab.notes to member": ["lab.notes"],
    },
    "granted_commands_have_a_policy": {
        "grant select on aspen.audit_log to job": ["aspen.audit_log: select by job"],
        "grant delete on aspen.groups to operator": ["aspen.groups: delete by operator"],
        "grant update (name) on aspen.groups to api_writer": ["aspen.groups: update by api_writer"],
        "drop policy users_update_own on aspen.users": [
            "aspen.users: update by member",
            "aspen.users: update by operator",
        ],
    },
    "policies_are_for_one_command_and_named_roles": {
        "create policy x on aspen.users for select using (true)": ["x on aspen.users"],
        "create policy x on aspen.users to member using (true)": ["x on aspen.users"],
        "create policy x on aspen.users as restrictive using (true)": ["x on aspen.users"],
    },
    "policies_are_named_after_what_they_allow": {
        "create policy users_select_all on aspen.users for delete to member using (true)": [
            "users_select_all on aspen.users"
        ],
        "create policy jobs_wall on aspen.jobs as restrictive to member using (true)": [
            "jobs_wall on aspen.jobs"
        ],
    },
    "write_policies_check_new_rows": {
        "create policy x on aspen.users for update to member using (true)": ["x on aspen.users"],
        "create policy x on aspen.jobs as restrictive to member using (true)": ["x on aspen.jobs"],
    },
    "tenant_tables_are_fenced": {
        "drop policy jobs_fence on aspen.jobs": [
            "aspen.jobs: api_writer",
            "aspen.jobs: member",
            "aspen.jobs: operator",
        ],
        "alter policy jobs_fence on aspen.jobs to member": ["aspen.jobs: api_writer"],
        "grant select on aspen.jobs to job": ["aspen.jobs: job"],
        "alter policy job_outputs_fence on aspen.job_outputs using (true) with check (true)": [
            "aspen.job_outputs: member",
            "aspen.job_outputs: operator",
        ],
        "create policy x on aspen.audit_log for select to analyst using (true)": [
            "aspen.audit_log: analyst"
        ],
        f"alter policy job_outputs_fence on aspen.job_outputs using ({SPELLED_OUT})"
        f" with check ({SPELLED_OUT})": [
            "aspen.job_outputs: member",
            "aspen.job_outputs: operator",
        ],
        f"alter policy jobs_fence on aspen.jobs using ({SEEN} or true)"
        f" with check ({SEEN} or true)": [
            "aspen.jobs: api_writer",
            "aspen.jobs: member",
            "aspen.jobs: operator",
        ],
        "alter policy accessions_fence on aspen.accessions"
        f" using (case authz.planned_for() when 'few groups' then true else {SEEN} end)"
        f" with check (case authz.planned_for() when 'few groups' then true else {SEEN} end)": [
            "aspen.accessions: member",
            "aspen.accessions: operator",
        ],
        "drop policy groups_fence on aspen.groups": [
            "aspen.groups: member",
            "aspen.groups: operator",
        ],
        "create schema lab; create table lab.notes (group_id bigint);"
        " grant select on lab.notes to member": ["lab.notes: member", "lab.notes: operator"],
    },
    "callers_changes_are_bounded": {
        "drop trigger jobs_bound_affected_rows on aspen.jobs": [
            "aspen.jobs: delete",
            "aspen.jobs: update",
        ],
        "drop trigger samples_bound_affected_rows on api.samples": [
            "api.samples: delete",
            "api.samples: update",
        ],
        "create table aspen.notes (id bigint); grant delete on aspen.notes to operator": [
            "aspen.notes: delete"
        ],
        "alter table aspen.users disable trigger users_bound_affected_rows": [
            "aspen.users: update"
        ],
    },
    "updated_at_is_kept_by_a_trigger": {
        "drop trigger samples_set_updated_at on aspen.samples": ["aspen.samples"],
        "alter table aspen.jobs disable trigger jobs_set_updated_at": ["aspen.jobs"],
        "create table aspen.notes (updated_at timestamptz)": ["aspen.notes"],
    },
    "tenant_policies_are_never_true": {
        "create policy x on aspen.jobs for select to operator, job using (true)": [
            "x on aspen.jobs"
        ],
        "create policy x on aspen.jobs for insert to public with check (true)": ["x on aspen.jobs"],
    },
    "caller_settings_are_read_as_they_are": {
        "create or replace function authz.any_groups() returns bigint[] language sql stable"
        " begin atomic select array(select id from aspen.groups); end": ["authz.any_groups()"],
        "create or replace function authz.full_groups() returns bigint[] language sql stable"
        " begin atomic select nullif(current_setting('aspen.any_groups', true), '')::bigint[];"
        " end": ["authz.full_groups()"],
        "alter function authz.member_groups() set search_path = ''": ["authz.member_groups()"],
        "alter function authz.admin_groups() security definer": ["authz.admin_groups()"],
        "alter function authz.caller_id() volatile": ["authz.caller_id()"],
        "create or replace function authz.planned_groups(setting text) returns bigint[]"
        " language plpgsql immutable set search_path = ''"
        " as $$ begin return '{1}'::bigint[]; end $$": ["authz.planned_groups(text)"],
        "alter function authz.planned_setting(text) security definer": [
            "authz.planned_setting(text)"
        ],
    },
    "policies_compare_settings_inline": {
        f"alter policy jobs_select_group on aspen.jobs using ({SPELLED_OUT})": [
            "jobs_select_group on aspen.jobs"
        ],
        f"create policy x on aspen.jobs for select to job using ({SEEN})": ["x on aspen.jobs"],
        "alter function authz.caller_id() set search_path = ''": [
            "machine_tokens_select_group on aspen.machine_tokens",
            "machine_tokens_update_group on aspen.machine_tokens",
            "memberships_delete_admin on aspen.memberships",
            "memberships_select_member on aspen.memberships",
            "share_links_insert_group on aspen.share_links",
            "uploads_insert_own on aspen.uploads",
            "users_select_own on aspen.users",
            "users_update_own on aspen.users",
            "webhooks_insert_admin on aspen.webhooks",
        ],
        "create policy x on aspen.users for select to member"
        " using (authz.groups_claim_is_valid(to_jsonb(id)))": ["x on aspen.users"],
        "alter policy jobs_select_group on aspen.jobs"
        " using (group_id = any ((select current_setting('aspen.any_groups'))::bigint[]))": [
            "jobs_select_group on aspen.jobs"
        ],
    },
    "policy_filters_are_indexed": {
        "create policy x on aspen.jobs for select to member using (attempt = 1)": [
            "x on aspen.jobs"
        ],
    },
    "roles_have_one_policy_per_command": {
        "create policy x on aspen.jobs for delete to job, member using (true)": [
            "jobs_delete_group and x on aspen.jobs"
        ],
    },
    "views_run_with_the_callers_rights": {
        "alter view api.samples set (security_invoker = false)": ["api.samples"],
        "create view internal.all_jobs as select id from aspen.jobs": ["internal.all_jobs"],
        "create schema lab; create view lab.all_jobs as select id from aspen.jobs;"
        " grant select on lab.all_jobs to public": ["lab.all_jobs"],
    },
    "views_answer_every_verb": {
        "drop trigger phylo_trees_refuse_change on api.phylo_trees": ["api.phylo_trees"],
    },
    "api_holds_views_only": {
        "create table api.notes ()": ["api.notes"],
        "create type api.pair as (a integer, b integer)": ["api.pair"],
    },
    "nothing_is_materialized_or_foreign": {
        "create materialized view internal.counts as select 1 as one": ["internal.counts"],
    },
    "functions_pin_search_path": {
        "create function api.one() returns integer language sql as 'select 1'": ["api.one()"],
        "create function internal.one() returns integer language sql security definer"
        " begin atomic select 1; end": ["internal.one()"],
        "alter function internal.fail set search_path = 'public'": [
            "internal.fail(integer,text,text,text,text)"
        ],
    },
    "api_has_no_definer_functions": {
        "alter function api.health() security definer": ["api.health()"],
    },
    "definer_functions_belong_to_definer_roles": {
        "alter function internal.fail security definer": [
            "internal.fail(integer,text,text,text,text) of aspen_owner"
        ],
        "alter function authz.admit_request(text) owner to postgres": [
            "authz.admit_request(text) of postgres"
        ],
        "create schema lab; create function lab.jobs() returns bigint language sql security definer"
        " set search_path = '' as $$ select count(*) from aspen.jobs $$": [
            "lab.jobs() of postgres"
        ],
    },
    "definer_functions_are_not_for_anon": {
        "grant execute on function internal.tree_origin(bigint) to anon": [
            "internal.tree_origin(bigint)"
        ],
        "grant execute on function internal.tree_origin(bigint) to public": [
            "internal.tree_origin(bigint)"
        ],
    },
    "functions_are_not_for_public": {
        f"create function api.one() {FUNCTION}": ["api.one()"],
        "grant execute on function internal.tree_origin(bigint) to public": [
            "internal.tree_origin(bigint)"
        ],
    },
    "functions_are_not_leakproof": {
        "alter function internal.parse_date(text) leakproof": ["internal.parse_date(text)"],
    },
    "functions_run_no_sql_text": {
        "create function internal.run(statement text) returns void language plpgsql"
        " as $$ begin execute statement; end $$": ["internal.run(text)"],
        "create function api.run(statement text) returns xml language sql"
        " begin atomic select query_to_xml(statement, true, true, ''); end": ["api.run(text)"],
        # Without quotation marks around the value.
        "create or replace function authz.state_caller(user_id bigint, machine_token_id bigint,"
        " job_id bigint, job_group_id bigint) returns void language plpgsql as $$ begin"
        " execute format('set local aspen.user_id = %s', coalesce(user_id::text, '')); end $$": [
            "authz.state_caller(bigint,bigint,bigint,bigint)"
        ],
        # Of a text.
        "create function authz.state_caller(user_id text) returns void language plpgsql as $$ begin"
        " execute format('set local aspen.user_id = %L', coalesce(user_id::text, '')); end $$": [
            "authz.state_caller(text)"
        ],
    },
    "settings_are_written_by_constant_name": {
        "create function api.become(name text) returns text language sql"
        " begin atomic select set_config('role', name, true); end": ["api.become(text)"],
        "create or replace function internal.insert_sample() returns trigger language plpgsql"
        " as $$ begin perform set_config(new.host, '', true); return new; end $$": [
            "internal.insert_sample()"
        ],
        "create function internal.become() returns void language plpgsql"
        " as $$ begin set local role control; end $$": ["internal.become()"],
    },
    "errors_are_raised_in_one_form": {
        "create function internal.retry() returns void language plpgsql"
        " as $$ begin raise sqlstate '40001'; end $$": ["internal.retry()"],
        "create function internal.miss(name text) returns void language plpgsql"
        " as $$ begin raise sqlstate 'PT404' using message = name; end $$": ["internal.miss(text)"],
        "create function internal.stop() returns void language plpgsql"
        " as $$ begin raise exception 'stop'; end $$": ["internal.stop()"],
        "create function internal.again() returns void language plpgsql"
        " as $$ begin raise sqlstate 'PGRST' using errcode = 'serialization_failure'; end $$": [
            "internal.again()"
        ],
    },
    "media_types_collect_rows_in_arrays": {
        "create aggregate api.lines (text) (sfunc = textcat, stype = text)": ["api.lines(text)"],
    },
    "texts_hold_no_controls": {
        "alter table aspen.samples add column note text": ["aspen.samples.note"],
        "alter table aspen.locations add column codes text[]": ["aspen.locations.codes"],
        "alter table aspen.locations drop constraint locations_names_form_check": [
            "aspen.locations.country",
            "aspen.locations.division",
            "aspen.locations.location",
            "aspen.locations.region",
        ],
        "alter table aspen.jobs drop constraint jobs_texts_form_check;"
        " alter table aspen.jobs add check (executor !~ ' ' and error !~ '[^\\w]')": [
            "aspen.jobs.error",
            "aspen.jobs.executor",
            "aspen.jobs.executor_handle",
        ],
        "alter table aspen.samples drop constraint samples_authors_form_check": [
            "aspen.samples.authors"
        ],
        "alter table aspen.job_outputs drop constraint job_outputs_kind_fkey": [
            "aspen.job_outputs.kind"
        ],
        "alter table aspen.job_kinds drop constraint job_kinds_name_form_check": [
            "aspen.job_kinds.name"
        ],
    },
    "tenant_columns_have_leakproof_types": {
        "create type aspen.mood as enum ('good');"
        " alter table aspen.jobs add column mood aspen.mood": ["aspen.jobs.mood"],
        "alter table aspen.samples add column dose numeric": ["aspen.samples.dose"],
    },
    "tenant_indexes_have_leakproof_operators": {
        "create index samples_authors_idx on aspen.samples using gin (authors)": [
            "aspen.samples_authors_idx: &&(anyarray,anyarray)",
            "aspen.samples_authors_idx: <@(anyarray,anyarray)",
            "aspen.samples_authors_idx: =(anyarray,anyarray)",
            "aspen.samples_authors_idx: @>(anyarray,anyarray)",
        ],
    },
    "tenant_keys_include_the_group": {
        "create unique index samples_host_key on aspen.samples (host)": ["aspen.samples_host_key"],
    },
    "tenant_references_include_the_group": {
        "alter table aspen.job_outputs add constraint by_id foreign key (job_id)"
        " references aspen.jobs (id)": ["by_id"],
    },
    "tables_that_refer_to_tenants_have_a_group": {
        "create table aspen.notes (sample_id bigint references aspen.samples (id))": [
            "aspen.notes"
        ],
        "create table aspen.notes (owner_id bigint references aspen.groups (id))": ["aspen.notes"],
    },
    "tenants_are_stated": {
        "alter table aspen.invitations alter column group_id drop not null": ["aspen.invitations"],
    },
    "tenants_are_not_changed": {
        "grant update (group_id) on aspen.samples to api_writer": ["aspen.samples by api_writer"],
        "drop trigger sequences_refuse_move on aspen.sequences": [
            "aspen.sequences by api_writer",
            "aspen.sequences by member",
            "aspen.sequences by operator",
        ],
    },
    "tenant_tables_are_audited": {
        "drop trigger samples_record_update on aspen.samples": ["aspen.samples: update"],
        "alter table aspen.groups disable trigger groups_record_delete": ["aspen.groups: delete"],
        "drop trigger users_record_update on aspen.users": ["aspen.users: update"],
        "create table aspen.notes (group_id bigint)": [
            "aspen.notes: delete",
            "aspen.notes: insert",
            "aspen.notes: update",
        ],
    },
    "foreign_keys_are_indexed": {
        "drop index aspen.samples_location_id_idx": ["samples_location_id_fkey"],
        "drop index aspen.samples_location_id_idx;"
        " create index half on aspen.samples (location_id) where host = 'bat'": [
            "samples_location_id_fkey"
        ],
        "drop index aspen.job_samples_sample_group_id_sample_id_idx;"
        " create index swapped on aspen.job_samples (sample_id, sample_group_id)": [
            "job_samples_sample_group_id_sample_id_fkey"
        ],
    },
    "foreign_keys_say_what_a_delete_does": {
        "alter table aspen.lineages drop constraint lineages_pathogen_id_fkey,"
        " add constraint lineages_pathogen_id_fkey foreign key (pathogen_id)"
        " references aspen.pathogens (id)": ["lineages_pathogen_id_fkey"],
    },
    "tables_have_a_primary_key": {
        "create table aspen.notes (id bigint)": ["aspen.notes"],
    },
    "indexes_differ": {
        "create index twin on aspen.samples (location_id)": [
            "aspen.samples_location_id_idx and aspen.twin"
        ],
    },
    "indexes_on_a_group_go_on_alike": {
        "create index samples_host_idx on aspen.samples (group_id, host)": [
            "aspen.samples_group_id_id_key and aspen.samples_host_idx",
        ],
    },
    "constraints_are_named_after_columns_or_rule": {
        "alter table aspen.lineages rename constraint lineages_pkey to lineages_pk": [
            "lineages_pk"
        ],
        "alter table aspen.lineages add constraint lineages_key unique (lineage)": ["lineages_key"],
        "alter table aspen.lineages rename constraint lineages_pathogen_id_fkey"
        " to lineages_pathogen_fkey": ["lineages_pathogen_fkey"],
        "alter table aspen.lineages add constraint lineages_short check (lineage <> '')": [
            "lineages_short"
        ],
        "alter table aspen.lineages add constraint lineages_check exclude (lineage with =)": [
            "lineages_check"
        ],
    },
    "indexes_are_named_after_columns": {
        "create index samples_index on aspen.samples (host)": ["aspen.samples_index"],
        "create index samples_host_idx on aspen.samples (host) where host = 'bat'": [
            "aspen.samples_host_idx"
        ],
        "create unique index samples_host_idx on aspen.samples (host)": ["aspen.samples_host_idx"],
    },
    "triggers_are_named_after_their_table": {
        "create trigger touch before update on aspen.lineages"
        " for each row execute function internal.set_updated_at()": ["touch on aspen.lineages"],
    },
    "times_and_booleans_read_as_such": {
        "alter table aspen.jobs add column done boolean": ["aspen.jobs.done"],
        "alter table aspen.jobs add column started timestamptz": ["aspen.jobs.started"],
        "alter table aspen.jobs add column seen_at timestamp": ["aspen.jobs.seen_at"],
        "alter table aspen.jobs add column seen_at text": ["aspen.jobs.seen_at"],
    },
    "api_columns_are_read_by_our_rules": {
        "create view api.x as select current_date as day, true as is_it, now() as seen_at": [
            "api.x.day",
            "api.x.is_it",
            "api.x.seen_at",
        ],
        "create view api.storage_credentials as select 'x' as bucket;"
        " grant insert (bucket) on aspen.storage_credentials to member": [
            "api.storage_credentials.bucket"
        ],
    },
    "everything_is_commented": {
        "comment on role job is null": ["role job"],
        "comment on schema api is null": ["schema api"],
        "comment on table aspen.jobs is null": ["aspen.jobs"],
        "comment on view api.jobs is 'Ends in a full stop.'": ["api.jobs"],
        f"comment on column api.jobs.id is '{'k' * 73}'": ["api.jobs.id"],
        "comment on column api.jobs.id is e'Key\nof the job'": ["api.jobs.id"],
        f"comment on table aspen.jobs is '{'j' * 81}'": ["aspen.jobs"],
        "comment on function api.health() is null": ["api.health()"],
        "comment on aggregate api.sequences_fasta(api.sequences) is null": [
            "api.sequences_fasta(api.sequences)"
        ],
        'comment on domain internal."text/x-fasta" is null': ['internal."text/x-fasta"'],
        "comment on policy jobs_fence on aspen.jobs is null": ["jobs_fence on aspen.jobs"],
    },
    "api_roles_use_two_schemas": {
        "grant usage on schema aspen to job": ["aspen by job"],
        "grant usage on schema ext to public": [
            f"ext by {role}"
            for role in ("analyst", "anon", "authenticator", "job", "member", "operator")
        ],
    },
    "nobody_creates_objects": {
        "grant create on schema api to anon": ["schema api by anon"],
        "grant create on schema internal to presigner": ["schema internal by presigner"],
        "grant temporary on database aspen_shared to job": ["database aspen_shared by job"],
    },
    "relations_are_granted_for_rows_only": {
        "grant truncate on aspen.samples to member": ["aspen.samples: TRUNCATE to member"],
        "grant references (id) on aspen.samples to anon": ["aspen.samples: REFERENCES to anon"],
        "grant select on api.jobs to public": ["api.jobs: SELECT to public"],
    },
    "writes_are_granted_by_column": {
        "grant update on aspen.users to member": ["aspen.users: UPDATE to member"],
    },
    "sequences_are_not_for_callers": {
        "grant usage on sequence aspen.jobs_id_seq to job": ["aspen.jobs_id_seq by job"],
    },
    "roles_have_no_attributes": {
        "alter role member bypassrls": ["member"],
        "alter role control nobypassrls": ["control"],
        "alter role api_writer login": ["api_writer"],
        "alter role aspen_owner createrole": ["aspen_owner"],
        "alter role authenticator inherit": ["authenticator"],
        "alter role analyst superuser": ["analyst"],
    },
    "roles_belong_to_few_others": {
        "grant control to authenticator": ["authenticator as control"],
        "grant aspen_owner to member": ["member as aspen_owner"],
        "grant presigner to anon": ["anon as presigner"],
        "grant pg_read_all_data to analyst": ["analyst as pg_read_all_data"],
    },
    "control_belongs_to_few_others": {
        "grant pg_execute_server_program to control": ["control as pg_execute_server_program"],
    },
    "requests_are_configured_by_file": {
        "alter role authenticator set pgrst.db_schemas = 'api, aspen'": [
            "pgrst.db_schemas of authenticator"
        ],
        "alter role authenticator in database aspen_shared set pgrst.db_anon_role = 'member'": [
            "pgrst.db_anon_role of authenticator"
        ],
        "alter role all set pgrst.jwt_secret = 'guessed'": ["pgrst.jwt_secret of every role"],
    },
    "authenticator_holds_nothing": {
        "grant select on api.jobs to authenticator": ["view api.jobs"],
        "alter view api.jobs owner to authenticator": ["view api.jobs"],
        "create policy x on aspen.users for select to authenticator using (true)": [
            "policy x on table aspen.users"
        ],
    },
    "requests_are_limited": {
        "alter role job reset statement_timeout": ["job: statement_timeout"],
        "alter role anon set statement_timeout = 0": ["anon: statement_timeout"],
        "alter role authenticator set plan_cache_mode = auto": [
            "authenticator: plan_cache_mode=force_custom_plan"
        ],
    },
    "views_carry_the_defaults_of_their_tables": {
        "alter view api.samples alter column authors drop default": ["api.samples.authors"],
        "alter view api.pathogens alter column has_usher set default true": [
            "api.pathogens.has_usher"
        ],
    },
    "view_of_samples_is_in_the_order_of_its_table": {
        "alter table aspen.samples rename host to guest": ["api.samples.host"],
        "alter table aspen.samples add note text": ["api.samples."],
    },
    "extensions_live_in_a_schema_of_their_own": {
        "create schema other; alter extension pg_trgm set schema other": ["pg_trgm"],
    },
    "objects_belong_to_the_owner": {
        "alter view api.jobs owner to control": ["api.jobs"],
        "alter function api.health() owner to postgres": ["api.health()"],
        "alter schema ext owner to postgres": ["schema ext"],
    },
    "answers_name_their_secrets": {
        "create function api.a(out token text, out pass_url text, out note text)"
        " language sql volatile as $$ select 'a', 'b', 'c' $$": ["api.a(): pass_url"],
        "create function api.a() returns json language sql volatile"
        " as $$ select json_build_object('url', 'a', 'passwords', 'b', 'note', 'url') $$": [
            "api.a(): passwords"
        ],
        "create or replace function authz.secret_names() returns text[] language sql immutable"
        " as $$ select array['link', 'path', 'url'] $$": [
            "api.create_webhook(bigint,text,text[]): secret",
            "api.invite_members(bigint,json,text,integer): token",
            "api.rotate_webhook_secret(bigint,integer): secret",
            "api.share_phylo_tree(bigint,integer): token",
            "api.share_sequences(bigint,text,json,boolean,integer): token",
        ],
    },
    "secrets_are_not_recorded": {
        "alter table aspen.jobs add column api_key text": ["aspen.jobs.api_key"],
        "alter table aspen.jobs add column note text;"
        " comment on column aspen.jobs.note is 'Password of the job'": ["aspen.jobs.note"],
        "alter table aspen.groups add column secret aspen.words": ["aspen.groups.secret"],
        "create or replace trigger share_links_record_delete after delete on aspen.share_links"
        " referencing old table as changed_rows for each statement"
        " execute function internal.record_changes()": ["aspen.share_links.token_hash"],
        "create or replace trigger invitations_record_insert after insert on aspen.invitations"
        " referencing new table as changed_rows for each statement"
        " execute function internal.record_access_changes('id', 'token_hash')": [
            "aspen.invitations.token_hash"
        ],
    },
    "indexes_are_valid": {
        "update pg_catalog.pg_index set indisvalid = false"
        " where indexrelid = 'aspen.samples_pkey'::regclass": ["aspen.samples_pkey"],
    },
    "tables_are_not_bloated": {
        "create table aspen.notes as select n from pg_catalog.generate_series(1, 100) as rows_ (n);"
        " analyze aspen.notes; update pg_catalog.pg_class set relpages = 10000"
        " where oid = 'aspen.notes'::regclass": ["aspen.notes"],
    },
    "extensions_are_current": {
        "update pg_catalog.pg_extension set extversion = '0.9' where extname = 'pg_trgm'": [
            "pg_trgm"
        ],
    },
    "columns_survive_an_upgrade": {
        "alter table aspen.jobs add column handler regproc": ["aspen.jobs.handler"],
        "alter table aspen.jobs add column handlers regprocedure[]": ["aspen.jobs.handlers"],
    },
    "api_columns_hold_no_secrets": {
        "create view api.logins as select 'x'::text as api_token, 'x'::text as name": [
            "api.logins.api_token"
        ],
    },
    "tables_have_a_policy": {
        "create table aspen.notes (id bigint); alter table aspen.notes enable row level security": [
            "aspen.notes"
        ],
    },
    "write_policies_are_never_true": {
        "create policy x on aspen.users for delete to member using (true)": ["x on aspen.users"],
        "create policy x on aspen.pathogens for insert to public with check (true)": [
            "x on aspen.pathogens"
        ],
    },
}
