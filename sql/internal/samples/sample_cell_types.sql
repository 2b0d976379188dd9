create or replace function internal.sample_cell_types()
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
    select jsonb_object_agg(columns.attname, format_type(columns.atttypid, null))
        || '{"region": "text", "country": "text", "division": "text", "location": "text"}'
    from pg_catalog.pg_attribute as columns
    where columns.attrelid in ('aspen.samples'::regclass, 'aspen.sequences'::regclass)
        and columns.attnum > 0
        and not columns.attisdropped
        and columns.attgenerated = ''
        and case columns.attrelid
            when 'aspen.samples'::regclass then columns.attname not in (
                'id', 'group_id', 'pathogen_id', 'uploaded_by_id', 'created_at', 'updated_at')
            when 'aspen.sequences'::regclass then columns.attname in (
                'sequence', 'sequencing_date', 'sequencing_depth')
        end;
$$;

comment on function internal.sample_cell_types() is $$The columns an entry of a batch of samples may name, with their types

Those of aspen.samples that the server does not set itself, three of aspen.sequences, and the names of
a location (internal.place_samples).$$;

revoke all on function internal.sample_cell_types() from public;
grant execute on function internal.sample_cell_types() to api_writer;
