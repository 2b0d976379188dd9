-- Creates what follows from the shape of a table, so that no table is forgotten: row-level
-- security, the fence around the rows of a group, the triggers of updated_at, of the audit log and
-- of the limit of a PATCH or DELETE.
-- It reads tables and policies from the catalogue and creates what is missing, so it can be run
-- again after a table was added; what is there stays as it is, and nothing else is locked.
-- control/sql/rules/ checks the result and does not know this file.

-- Row-level security: enabled on every table, and forced on its owner.
do $$
declare
    table_name text;
begin
    for table_name in
        select tables.relname
        from pg_catalog.pg_class as tables
        where tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and tables.relkind in ('r', 'p')
            and not (tables.relrowsecurity and tables.relforcerowsecurity)
        order by tables.relname
    loop
        execute pg_catalog.format(
            'alter table aspen.%I enable row level security, force row level security', table_name
        );
    end loop;
end
$$;

-- Fences: on every table with a group_id, and on the groups themselves, a restrictive policy keeps
-- member, and api_writer where it has a policy or reads rows of samples, to the groups of the
-- caller, whatever other policies allow. Operators manage all groups and who is in them.
-- Rows with disclosed_at are those of a sample: they are for full_groups until it is past. The
-- policy says that in several ways, of which the planner keeps the one for the caller
-- (authz.planned_for) and need not read the others: they would be half of the planning of a list.
-- For whoever sees one group, the newest rows are the end of one index. Of samples, the group is
-- compared twice: the planner then expects few rows, and takes that index. It would read the newest
-- ids of all groups, where a group that stopped uploading has none. Settings are spelled out,
-- because putting the body of a function in its place takes as long as the rest of a policy; the
-- functions are for many groups, whose text they parse once. A "case" instead of "or" spares the
-- planner plans that join two indexes.
-- any_groups and full_groups compared inline reach the right index for a group of ten rows and for
-- one of 300,000 (docs/architecture.md); a sub-select or an "or" of two group sets does not. now()
-- is stable, so the planner knows how many rows disclosed_at <= now() keeps; and it is compared
-- again in each request, because a restriction ends without anybody's action.
-- api_writer reads the prefix of every group, for generated identifiers.
do $$
declare
    fence record;
    condition text;
    full_groups constant text
        := $sql$nullif(current_setting('aspen.full_groups', true), '')::bigint[]$sql$;
    any_groups constant text
        := $sql$nullif(current_setting('aspen.any_groups', true), '')::bigint[]$sql$;
begin
    for fence in
        select
            tables.relname as table_name,
            tables.relname || '_fence' as policy_name,
            case tables.relname when 'groups' then 'id' else 'group_id' end as key,
            dated_rows.attnum is not null as has_dated_rows,
            tables.relname in ('groups', 'memberships', 'group_grants', 'invitations') as is_access,
            case
                when tables.relname <> 'groups'
                    and (
                        exists (
                            select from pg_catalog.pg_policy as policies
                            where policies.polrelid = tables.oid
                                and 'api_writer'::pg_catalog.regrole = any(policies.polroles)
                        )
                        or dated_rows.attnum is not null
                        and pg_catalog.has_any_column_privilege('api_writer', tables.oid, 'select')
                    )
                    and not exists (
                        select from pg_catalog.pg_policy as policies
                        where policies.polrelid = tables.oid
                            and policies.polname = tables.relname || '_fence_writer'
                    )
                    then 'member, api_writer'
                else 'member'
            end as roles
        from pg_catalog.pg_class as tables
        left join pg_catalog.pg_attribute as keys
            on tables.oid = keys.attrelid and keys.attname = 'group_id' and keys.attnotnull
        left join pg_catalog.pg_attribute as dated_rows
            on tables.oid = dated_rows.attrelid and dated_rows.attname = 'disclosed_at'
        where tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and tables.relkind in ('r', 'p')
            and (keys.attnum is not null or tables.relname = 'groups')
            -- Partitions are read through their table; nothing is granted on them.
            and not tables.relispartition
            and not exists (
                select from pg_catalog.pg_policy as policies
                where policies.polrelid = tables.oid
                    and policies.polname = tables.relname || '_fence'
            )
        order by tables.relname
    loop
        condition := pg_catalog.format('%I = any(authz.any_groups())', fence.key);
        if fence.has_dated_rows then
            condition := pg_catalog.format(
                $sql$
                    case authz.planned_for()
                        when 'member of one group' then group_id = (%1$s)[1] %3$s
                        when 'member of all groups' then group_id = any(authz.full_groups())
                        when 'viewer of one group'
                            then group_id = (%2$s)[1] %4$s and disclosed_at <= now()
                        when 'few groups'
                            then
                                group_id = any(%2$s)
                                and case
                                    when disclosed_at <= now() then true
                                    else group_id = any(%1$s)
                                end
                        else
                            group_id = any(authz.any_groups())
                            and (disclosed_at <= now() or group_id = any(authz.full_groups()))
                    end
                $sql$,
                full_groups, any_groups,
                case fence.table_name
                    when 'samples' then pg_catalog.format('and group_id = any(%s)', full_groups)
                end,
                case fence.table_name
                    when 'samples' then pg_catalog.format('and group_id = any(%s)', any_groups)
                end
            );
        end if;
        if fence.is_access then
            condition := condition || $sql$ or current_user = 'operator'$sql$;
        end if;
        execute pg_catalog.format(
            'create policy %1$I on aspen.%2$I as restrictive for all to %3$s'
            ' using (%4$s) with check (%4$s);'
            ' comment on policy %1$I on aspen.%2$I is %5$L',
            fence.policy_name, fence.table_name, fence.roles, condition,
            case
                when fence.is_access
                    then 'Only groups the caller sees, operators all, whatever else is allowed'
                when fence.has_dated_rows
                    then 'Only rows the caller may see, whatever other policies allow'
                else 'Only rows of groups the caller sees, whatever other policies allow'
            end
        );
    end loop;
end
$$;

-- Rows of samples: whoever is granted `select` reads what the fence lets through. The policy says
-- it in the same words, so that PostgreSQL keeps one of the two: other words would count twice in
-- the estimates, and a group of 20,000 rows would be sorted as a whole for its newest hundred.
do $$
declare
    readable record;
begin
    for readable in
        select
            tables.relname as table_name,
            tables.relname || '_select_group' as policy_name,
            pg_catalog.string_agg(roles.rolname, ', ') as roles,
            pg_catalog.pg_get_expr(fences.polqual, fences.polrelid) as condition
        from pg_catalog.pg_class as tables
        inner join pg_catalog.pg_attribute as dated_rows
            on tables.oid = dated_rows.attrelid and dated_rows.attname = 'disclosed_at'
        inner join pg_catalog.pg_policy as fences
            on tables.oid = fences.polrelid and fences.polname = tables.relname || '_fence'
        inner join pg_catalog.pg_roles as roles
            on roles.rolname in ('member', 'api_writer')
                and pg_catalog.has_any_column_privilege(roles.oid, tables.oid, 'select')
        where tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and not exists (
                select from pg_catalog.pg_policy as policies
                where policies.polrelid = tables.oid
                    and policies.polpermissive
                    and policies.polcmd = 'r'
                    and roles.oid = any(policies.polroles)
            )
        group by tables.oid, tables.relname, fences.oid
        order by tables.relname
    loop
        execute pg_catalog.format(
            'create policy %1$I on aspen.%2$I for select to %3$s using (%4$s);'
            ' comment on policy %1$I on aspen.%2$I is %5$L',
            readable.policy_name, readable.table_name, readable.roles, readable.condition,
            'Rows of groups the caller sees; viewers see those of disclosed samples'
        );
    end loop;
end
$$;

-- updated_at: on every table that has the column, a trigger keeps it. That of sequences has a
-- condition and is in triggers/sequences.sql.
do $$
declare
    missing record;
begin
    for missing in
        select
            tables.relname as table_name,
            tables.relname || '_set_updated_at' as trigger_name
        from pg_catalog.pg_class as tables
        inner join pg_catalog.pg_attribute as columns on tables.oid = columns.attrelid
        where tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and tables.relkind in ('r', 'p')
            and columns.attname = 'updated_at'
            and tables.relname <> 'sequences'
            and not exists (
                select from pg_catalog.pg_trigger as triggers
                where triggers.tgrelid = tables.oid
                    and triggers.tgname = tables.relname || '_set_updated_at'
            )
        order by tables.relname
    loop
        execute pg_catalog.format(
            'create trigger %I before update on aspen.%I'
            ' for each row execute function internal.set_updated_at()',
            missing.trigger_name, missing.table_name
        );
    end loop;
end
$$;

-- Audit log: every table with a group_id, the groups themselves, users and storage credentials.
-- Triggers record each statement as a whole, from a transition table. Where a column is stored
-- external they record row by row, because a transition table would copy all the long values. The
-- log keeps the values that changed; left out are secrets, e-mail addresses, what no resource shows
-- and what is long and computed. Of the tables that decide on access it keeps those of the columns
-- listed below, after the column that is the row's id. Those of sequences are in
-- triggers/sequences.sql; replaced_sequences, event_notes and events are themselves records of
-- changes, and group_requests and group_sizes are counts.
do $$
declare
    missing record;
begin
    for missing in
        select
            tables.relname as table_name,
            tables.relname || '_record_' || events.suffix as trigger_name,
            events.name as event,
            case
                when events.suffix = 'row_change' then ''
                when events.name = 'delete' then 'referencing old table as changed_rows'
                when events.name = 'update'
                    then 'referencing old table as old_rows new table as changed_rows'
                else 'referencing new table as changed_rows'
            end as transition_tables,
            case when events.suffix = 'row_change' then 'row' else 'statement' end as level,
            case
                when events.suffix = 'row_change' then 'record_row_change()'
                when tables.relname = 'groups'
                    then $sql$record_group_changes('directory_id')$sql$
                when access.columns is not null
                    then pg_catalog.format('record_access_changes(%s)', access.columns)
                else pg_catalog.format('record_changes(%s)', left_out.columns)
            end as call
        from pg_catalog.pg_class as tables
        left join pg_catalog.pg_attribute as keys
            on tables.oid = keys.attrelid and keys.attname = 'group_id' and keys.attnotnull
        left join (
            values
                ('group_grants', $sql$'id', 'grantee_group_id', 'role', 'ends_at'$sql$),
                ('invitations', $sql$'id', 'role', 'expires_at', 'accepted_at', 'revoked_at'$sql$),
                (
                    'machine_tokens',
                    $sql$'id', 'user_id', 'name', 'scope', 'expires_at', 'revoked_at'$sql$
                ),
                ('memberships', $sql$'id', 'user_id', 'role'$sql$),
                ('storage_credentials', $sql$'bucket', 'bucket', 'endpoint_url', 'expires_at'$sql$),
                (
                    'users',
                    $sql$'id', 'subject', 'is_operator', 'tokens_valid_after', 'disabled_at'$sql$
                )
        ) as access (table_name, columns) on tables.relname = access.table_name
        left join (
            values
                ('job_backgrounds', $sql$'sample_ids', 'resolved_template_args'$sql$),
                ('jobs', $sql$'arguments', 'deadline_at', 'executor', 'executor_handle',
                    'first_attempt', 'is_platform', 'max_attempts', 'traceparent', 'turn', 'worker'$sql$),
                ('mails', $sql$'recipient', 'body', 'error'$sql$),
                ('phylo_tree_tips', $sql$'segment'$sql$),
                (
                    'phylo_trees',
                    $sql$'document', 'places', 'lead_text', 'linked_node_count'$sql$
                ),
                ('sample_lineages', $sql$'reference_dataset_id', 'raw_output'$sql$),
                (
                    'sample_mutations',
                    $sql$'reference_dataset_id', 'substitutions', 'insertions', 'deletions',$sql$
                    || $sql$ 'aa_substitutions', 'aa_insertions', 'aa_deletions'$sql$
                ),
                ('sample_qc_metrics', $sql$'reference_dataset_id', 'raw_output'$sql$),
                ('share_links', $sql$'token_hash'$sql$),
                ('submission_files', $sql$'content'$sql$),
                ('webhooks', $sql$'secret', 'former_secret', 'url'$sql$)
        ) as left_out (table_name, columns) on tables.relname = left_out.table_name
        inner join (
            values
                ('insert', 'insert', false),
                ('update', 'update', false),
                ('delete', 'delete', false),
                ('row_change', 'insert or update or delete', true)
        ) as events (suffix, name, is_for_wide_tables)
            on events.is_for_wide_tables = exists (
                select from pg_catalog.pg_attribute as columns
                where columns.attrelid = tables.oid
                    and columns.attnum > 0
                    and not columns.attisdropped
                    and columns.attstorage = 'e'
            )
        where tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and tables.relkind in ('r', 'p')
            and tables.relname not in (
                'event_notes', 'events', 'group_requests', 'group_sizes', 'replaced_sequences',
                'sequences'
            )
            and not tables.relispartition
            and (
                keys.attnum is not null
                or access.columns is not null
                or tables.relname = 'groups'
            )
            and not exists (
                select from pg_catalog.pg_trigger as triggers
                where triggers.tgrelid = tables.oid
                    and triggers.tgname = tables.relname || '_record_' || events.suffix
            )
        order by tables.relname, events.suffix
    loop
        execute pg_catalog.format(
            'create trigger %I after %s on aspen.%I %s for each %s execute function internal.%s',
            missing.trigger_name, missing.event, missing.table_name, missing.transition_tables,
            missing.level, missing.call
        );
    end loop;
end
$$;

-- Limit of a PATCH or DELETE: on every table whose rows member or operator may change, a trigger
-- counts the rows that a request affects, but not those that a foreign key or another trigger
-- changes. It runs before the other triggers, because of its name. api.samples writes through
-- triggers, so its file has one for the view.
do $$
declare
    missing record;
begin
    for missing in
        select
            tables.relname as table_name,
            tables.relname || '_bound_affected_rows' as trigger_name
        from pg_catalog.pg_class as tables
        where tables.relnamespace = 'aspen'::pg_catalog.regnamespace
            and tables.relkind in ('r', 'p')
            and exists (
                select from pg_catalog.pg_policy as policies
                where policies.polrelid = tables.oid
                    and policies.polpermissive
                    and policies.polcmd in ('w', 'd', '*')
                    and policies.polroles && array[
                        'member'::pg_catalog.regrole::pg_catalog.oid,
                        'operator'::pg_catalog.regrole::pg_catalog.oid
                    ]
            )
            and not exists (
                select from pg_catalog.pg_trigger as triggers
                where triggers.tgrelid = tables.oid
                    and triggers.tgname = tables.relname || '_bound_affected_rows'
            )
        order by tables.relname
    loop
        execute pg_catalog.format(
            'create trigger %I before update or delete on aspen.%I for each row when ('
            '    pg_catalog.pg_trigger_depth() = 0'
            '    and pg_catalog.current_setting(%L, true) <> %L'
            ') execute function internal.bound_affected_rows()',
            missing.trigger_name, missing.table_name, 'aspen.max_affected', ''
        );
    end loop;
end
$$;
