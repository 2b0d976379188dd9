-- Without a `set` clause, so that it is inlined: a function scan would write a batch of 300 MB to
-- disk once more. Nothing is refused here, because create_samples names all problems at once.
create or replace function internal.sample_batch(samples json)
returns table (
    row_number bigint,
    is_object boolean,
    unknown_keys text[],
    private_identifier text,
    public_identifier text,
    collection_date text,
    collected_on date,
    location_id text,
    location_key bigint,
    is_private text,
    sample_collected_by text,
    sample_collector_contact_email text,
    sample_collector_contact_address text,
    authors json,
    author_names text[],
    organism text,
    host text,
    purpose_of_sampling text,
    specimen_processing text,
    sequence text,
    sequencing_date text,
    sequenced_on date,
    sequencing_depth text,
    depth double precision,
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
        fields.private_identifier,
        fields.public_identifier,
        fields.collection_date,
        internal.parse_date(fields.collection_date) as collected_on,
        fields.location_id,
        case
            when fields.location_id ~ '^[0-9]{1,18}$' then fields.location_id::bigint
        end as location_key,
        fields.is_private,
        fields.sample_collected_by,
        fields.sample_collector_contact_email,
        fields.sample_collector_contact_address,
        fields.authors,
        case
            when
                json_typeof(fields.authors) = 'array'
                and not exists (
                    select from json_array_elements(fields.authors) as names (name)
                    where json_typeof(names.name) not in ('string', 'null')
                )
                then array(
                    select names.name
                    from json_array_elements_text(fields.authors) as names (name)
                )
        end as author_names,
        fields.organism,
        fields.host,
        fields.purpose_of_sampling,
        fields.specimen_processing,
        fields.sequence,
        fields.sequencing_date,
        internal.parse_date(fields.sequencing_date) as sequenced_on,
        fields.sequencing_depth,
        case
            when fields.sequencing_depth ~ '^[0-9]{1,12}(\.[0-9]{1,12})?$'
                then fields.sequencing_depth::double precision
        end as depth,
        unknown_keys.given as given_keys
    from json_array_elements(sample_batch.samples) with ordinality as items (item, row_number)
    cross join
        lateral json_to_record(
            case json_typeof(items.item) when 'object' then items.item else '{}'::json end
        )
            as fields (
                private_identifier text,
                public_identifier text,
                collection_date text,
                location_id text,
                is_private text,
                sample_collected_by text,
                sample_collector_contact_email text,
                sample_collector_contact_address text,
                authors json,
                organism text,
                host text,
                purpose_of_sampling text,
                specimen_processing text,
                sequence text,
                sequencing_date text,
                sequencing_depth text
            )
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
$$The samples of a batch, as written and as understood (null where not)

given_keys: what each row names, also as null.$$;

revoke all on function internal.sample_batch(json) from public;
grant execute on function internal.sample_batch(json) to api_writer;
