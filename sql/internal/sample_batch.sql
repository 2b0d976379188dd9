-- Without a `set` clause, so that it is inlined: a function scan would write a batch of 300 MB to
-- disk once more. Nothing is refused here, because create_samples names all problems at once. Each
-- cell is read as those of api.samples are (authz.written_…), without their notes.
create or replace function internal.sample_batch(samples json)
returns table (
    row_number bigint,
    is_object boolean,
    unknown_keys text[],
    bad_cells jsonb,
    private_identifier text,
    public_identifier text,
    collection_date date,
    location_id bigint,
    is_private boolean,
    sample_collected_by text,
    sample_collector_contact_email text,
    sample_collector_contact_address text,
    authors text[],
    organism text,
    host text,
    purpose_of_sampling text,
    specimen_processing text,
    sequence text,
    sequencing_date date,
    sequencing_depth double precision,
    given_keys text[]
)
language sql
stable
security invoker
begin atomic
    select
        items.row_number,
        json_typeof(items.item) = 'object' as is_object,
        unknown_keys.keys as unknown_keys,
        bad_cells.cells as bad_cells,
        internal.cell_text(fields.private_identifier) as private_identifier,
        internal.cell_text(fields.public_identifier) as public_identifier,
        parsed.collection_date,
        parsed.location_id,
        parsed.is_private,
        internal.cell_text(fields.sample_collected_by) as sample_collected_by,
        internal.cell_text(fields.sample_collector_contact_email) as sample_collector_contact_email,
        internal.cell_text(fields.sample_collector_contact_address)
            as sample_collector_contact_address,
        parsed.authors,
        internal.cell_text(fields.organism) as organism,
        internal.cell_text(fields.host) as host,
        internal.cell_text(fields.purpose_of_sampling) as purpose_of_sampling,
        internal.cell_text(fields.specimen_processing) as specimen_processing,
        fields.sequence,
        parsed.sequencing_date,
        parsed.sequencing_depth,
        unknown_keys.given as given_keys
    from json_array_elements(sample_batch.samples) with ordinality as items (item, row_number)
    cross join
        lateral json_to_record(
            case json_typeof(items.item) when 'object' then items.item else '{}'::json end
        )
            as fields (
                private_identifier json,
                public_identifier json,
                collection_date json,
                location_id json,
                is_private json,
                sample_collected_by json,
                sample_collector_contact_email json,
                sample_collector_contact_address json,
                authors json,
                organism json,
                host json,
                purpose_of_sampling json,
                specimen_processing json,
                sequence text,
                sequencing_date json,
                sequencing_depth json
            )
    cross join
        lateral (
            select
                internal.parse_date(internal.cell_text(fields.collection_date)) as collection_date,
                internal.parse_integer(internal.cell_text(fields.location_id)) as location_id,
                internal.parse_boolean(internal.cell_text(fields.is_private)) as is_private,
                internal.parse_words_list(fields.authors) as authors,
                internal.parse_date(internal.cell_text(fields.sequencing_date)) as sequencing_date,
                internal.parse_number(internal.cell_text(fields.sequencing_depth))
                    as sequencing_depth
            from (values (1)) as once (number)
            -- Keeps each from being worked out once for every use.
            order by once.number
            offset 0
        ) as parsed
    cross join
        lateral (
            select
                jsonb_agg(
                    jsonb_build_object(
                        'field', cells.field,
                        'value', left(cells.cell #>> '{}', 200),
                        'reason', cells.reason
                    )
                ) as cells
            from (
                values
                (
                    'private_identifier', fields.private_identifier,
                    json_typeof(fields.private_identifier) = 'string', 'must be a text'
                ),
                (
                    'public_identifier', fields.public_identifier,
                    json_typeof(fields.public_identifier) = 'string', 'must be a text'
                ),
                (
                    'sample_collected_by', fields.sample_collected_by,
                    json_typeof(fields.sample_collected_by) = 'string', 'must be a text'
                ),
                (
                    'sample_collector_contact_email', fields.sample_collector_contact_email,
                    json_typeof(fields.sample_collector_contact_email) = 'string', 'must be a text'
                ),
                (
                    'sample_collector_contact_address', fields.sample_collector_contact_address,
                    json_typeof(fields.sample_collector_contact_address) = 'string',
                    'must be a text'
                ),
                (
                    'organism', fields.organism,
                    json_typeof(fields.organism) = 'string', 'must be a text'
                ),
                (
                    'host', fields.host,
                    json_typeof(fields.host) = 'string', 'must be a text'
                ),
                (
                    'purpose_of_sampling', fields.purpose_of_sampling,
                    json_typeof(fields.purpose_of_sampling) = 'string', 'must be a text'
                ),
                (
                    'specimen_processing', fields.specimen_processing,
                    json_typeof(fields.specimen_processing) = 'string', 'must be a text'
                ),
                (
                    'collection_date', fields.collection_date, parsed.collection_date is not null,
                    'must be a date YYYY-MM-DD'
                ),
                (
                    'location_id', fields.location_id, parsed.location_id is not null,
                    'must be an integer of at most 18 digits'
                ),
                (
                    'is_private', fields.is_private, parsed.is_private is not null,
                    'must be true or false'
                ),
                (
                    'authors', fields.authors, parsed.authors is not null,
                    'must be an array of names'
                ),
                (
                    'sequencing_date', fields.sequencing_date, parsed.sequencing_date is not null,
                    'must be a date YYYY-MM-DD'
                ),
                (
                    'sequencing_depth',
                    fields.sequencing_depth,
                    parsed.sequencing_depth is not null,
                    'must be a number'
                )
            ) as cells (field, cell, is_understood, reason)
            where
            -- Most rows have none: looked at cell by cell only where one is odd.
                (
                    json_typeof(fields.private_identifier) <> 'string'
                    or json_typeof(fields.public_identifier) <> 'string'
                    or json_typeof(fields.sample_collected_by) <> 'string'
                    or json_typeof(fields.sample_collector_contact_email) <> 'string'
                    or json_typeof(fields.sample_collector_contact_address) <> 'string'
                    or json_typeof(fields.organism) <> 'string'
                    or json_typeof(fields.host) <> 'string'
                    or json_typeof(fields.purpose_of_sampling) <> 'string'
                    or json_typeof(fields.specimen_processing) <> 'string'
                    or (parsed.collection_date is null and fields.collection_date is not null)
                    or (parsed.location_id is null and fields.location_id is not null)
                    or (parsed.is_private is null and fields.is_private is not null)
                    or (parsed.authors is null and fields.authors is not null)
                    or (parsed.sequencing_date is null and fields.sequencing_date is not null)
                    or (parsed.sequencing_depth is null and fields.sequencing_depth is not null)
                )
                and not cells.is_understood
                and internal.cell_text(cells.cell) is not null
        ) as bad_cells
    cross join lateral (
        select
            array_agg(keys.key) as given,
            array_agg(keys.key) filter (
                where keys.key not in (
                    'private_identifier', 'public_identifier', 'collection_date', 'location_id',
                    'is_private', 'sample_collected_by', 'sample_collector_contact_email',
                    'sample_collector_contact_address', 'authors', 'organism', 'host',
                    'purpose_of_sampling', 'specimen_processing', 'sequence', 'sequencing_date',
                    'sequencing_depth'
                )
            ) as keys
        from
            json_object_keys(
                case json_typeof(items.item) when 'object' then items.item else '{}'::json end
            ) as keys (key)
    ) as unknown_keys;
end;

comment on function internal.sample_batch(json) is
$$The samples of a batch, and the cells that were not understood

given_keys: what each row names, also as null.$$;

revoke all on function internal.sample_batch(json) from public;
grant execute on function internal.sample_batch(json) to api_writer;
