-- Few functions write settings, each named in the text: nobody can write role or claims through
-- them. Two do by statement; functions_run_no_sql_text reads their statements word for word.
select
    functions.oid::regprocedure::text as object,
    'it writes a setting that it must not, or under a name made at run time' as problem,
    'write aspen.… settings only, named in the text, and list the function in the rule'
    ' settings_are_written_by_constant_name' as cure
from pg_catalog.pg_proc as functions
cross join
    lateral pg_get_functiondef(
        case when functions.prokind <> 'a' then functions.oid end
    ) as definition (text)
where
    functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    and (
        definition.text ~* '\mset\s+(local|session)\M'
        and functions.oid::regprocedure::text not in (
            'authz.state_groups(bigint[],bigint[],bigint[],bigint[],bigint[])',
            'authz.state_caller(bigint,bigint,bigint,bigint)'
        )
        or definition.text ~* '\mset_config\M' and (
            functions.oid::regproc::text not in (
                'api.openapi',
                'api.search_locations',
                'authz.admit_body',
                'authz.admit_key',
                'authz.admit_preferences',
                'authz.bound_groups',
                'authz.bound_request',
                'authz.identify_caller',
                'authz.name_request',
                'authz.note_plan',
                'authz.note_version',
                'authz.noted_answer',
                'authz.noted_location',
                'authz.pre_request',
                'authz.seen_row',
                'authz.set_caller',
                'authz.set_groups',
                'internal.add_headers',
                'internal.bound_affected_rows',
                'internal.check_sequence',
                'internal.check_values',
                'internal.delete_sample',
                'internal.end_empty_jobs',
                'internal.insert_sample',
                'internal.keep_job_limit',
                'internal.kept_answer',
                'internal.needs_body',
                'internal.note_bad_value',
                'internal.note_lost_input',
                'internal.note_named_column',
                'internal.note_problems',
                'internal.note_sample_problems',
                'internal.noted_problems',
                'internal.raise_problems',
                'internal.raise_sample_problems',
                'internal.renew_results',
                'internal.update_sample'
            )
            or regexp_count(definition.text, 'set_config\(') <> regexp_count(
                definition.text,
                'set_config\(\s*''(aspen\.[a-z_]+|response\.(headers|status)'
                '|pg_trgm\.word_similarity_threshold|application_name|lock_timeout|plan_cache_mode'
                '|statement_timeout)''(::text)?,'
                '|set_config\(''search_path''::text, \(''authz, pg_catalog, ''::text'
                ' \|\| \("current_schema"\(\)\)::text\), true\)'
            )
        )
    )
