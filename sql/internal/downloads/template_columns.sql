-- What is missing here is missing in a table that the repository would reject. Columns that GISAID
-- also requires and of which Aspen has no value are left for the submitter.
create or replace function internal.template_columns(repository text)
returns table (name text, title text, reason text)
language sql
immutable
security invoker
rows 28
begin atomic
    select
        columns.name,
        columns.title,
        columns.reason
    from (
        values
        ('gisaid', 1, 'submitter', 'Submitter', 'needs gisaid_submitter_id of me'),
        ('gisaid', 2, 'fn', 'FASTA filename', null),
        ('gisaid', 3, 'covv_virus_name', 'Virus name', null),
        ('gisaid', 4, 'covv_type', 'Type', null),
        ('gisaid', 5, 'covv_passage', 'Passage details/history', null),
        ('gisaid', 6, 'covv_collection_date', 'Collection date', 'needs a day of collection'),
        ('gisaid', 7, 'covv_location', 'Location', 'needs a location with a country'),
        ('gisaid', 8, 'covv_add_location', 'Additional location information', null),
        ('gisaid', 9, 'covv_host', 'Host', null),
        ('gisaid', 10, 'covv_add_host_info', 'Additional host information', null),
        ('gisaid', 11, 'covv_sampling_strategy', 'Sampling Strategy', null),
        ('gisaid', 12, 'covv_gender', 'Gender', null),
        ('gisaid', 13, 'covv_patient_age', 'Patient age', null),
        ('gisaid', 14, 'covv_patient_status', 'Patient status', null),
        ('gisaid', 15, 'covv_specimen', 'Specimen source', null),
        ('gisaid', 16, 'covv_outbreak', 'Outbreak', null),
        ('gisaid', 17, 'covv_last_vaccinated', 'Last vaccinated', null),
        ('gisaid', 18, 'covv_treatment', 'Treatment', null),
        ('gisaid', 19, 'covv_seq_technology', 'Sequencing technology', null),
        ('gisaid', 20, 'covv_assembly_method', 'Assembly method', null),
        ('gisaid', 21, 'covv_coverage', 'Coverage', null),
        ('gisaid', 22, 'covv_orig_lab', 'Originating lab', 'needs sample_collected_by'),
        (
            'gisaid', 23, 'covv_orig_lab_addr', 'Address',
            'needs sample_collector_contact_address, or the address of the group'
        ),
        (
            'gisaid', 24, 'covv_provider_sample_id', 'Sample ID given by the sample provider', null
        ),
        (
            'gisaid', 25, 'covv_subm_lab', 'Submitting lab',
            'needs you to be a member of the group, or of one other group only'
        ),
        (
            'gisaid', 26, 'covv_subm_lab_addr', 'Address', 'needs the address of the group'
        ),
        (
            'gisaid', 27, 'covv_subm_sample_id', 'Sample ID given by the submitting laboratory',
            null
        ),
        ('gisaid', 28, 'covv_authors', 'Authors', 'needs authors'),
        ('genbank', 1, 'Sequence_ID', null, null),
        ('genbank', 2, 'collection-date', null, 'needs a day of collection'),
        ('genbank', 3, 'country', null, 'needs a location with a country'),
        ('genbank', 4, 'host', null, null),
        ('genbank', 5, 'isolate', null, null),
        ('genbank', 6, 'isolation-source', null, null),
        ('genbank', 7, 'BioProject', null, null),
        ('genbank', 8, 'BioSample', null, null)
    ) as columns (repository, position, name, title, reason)
    where columns.repository = lower(template_columns.repository)
    order by columns.position;
end;

comment on function internal.template_columns(text) is
$$The columns of the table that a repository takes, in order

repository: GISAID or GenBank; no row for others. title: in the second row, if there is one. reason:
what is wrong with a row without a value; null if there may be none.$$;

revoke all on function internal.template_columns(text) from public;
grant execute on function internal.template_columns(text) to api_writer;
