create or replace function api.create_import(
    group_id bigint,
    pathogen text,
    metadata_upload_id bigint,
    sequences_upload_id bigint default null,
    on_conflict text default 'error',
    is_private boolean default false,
    incomplete_dates text default 'reject',
    is_sequence_optional boolean default false,
    private_identifier_column text default 'strain',
    public_identifier_column text default 'strain',
    strain_prefix text default 'keep'
)
returns setof api.jobs
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.create_import(
        create_import.group_id,
        internal.trimmed(create_import.pathogen),
        create_import.metadata_upload_id,
        create_import.sequences_upload_id,
        internal.trimmed(create_import.on_conflict),
        create_import.is_private,
        internal.trimmed(create_import.incomplete_dates),
        create_import.is_sequence_optional,
        internal.trimmed(create_import.private_identifier_column),
        internal.trimmed(create_import.public_identifier_column),
        internal.trimmed(create_import.strain_prefix)
    );
end;

comment on function api.create_import(
    bigint, text, bigint, bigint, text, boolean, text, boolean, text, text, text
) is $$Import samples from uploaded files

Queues a job that stores all samples of a metadata file with their sequences, or none. group_id: a
group where you are directly member or admin, also when the job runs. pathogen: a slug, like SC2.
metadata_upload_id and sequences_upload_id: of uploads of the group: Nextstrain's metadata, separated
by tabs, commas or semicolons, and FASTA named by its strains; both may be compressed (gzip, zstd,
xz, bzip2). on_conflict: error
(default), skip or update, for private identifiers that the group has. is_private: make all samples
private. incomplete_dates: reject (default) or first-day, for dates like 2024-02.
is_sequence_optional: accept samples without a sequence; sequences_upload_id may then be null.
private_identifier_column and public_identifier_column: the columns of the metadata with these
identifiers, strain unless given; an empty cell of the public one gets a generated identifier.
strain_prefix: keep (default) or remove, for a repository's prefix of both, such as hCoV-19/.
Returns the job; progress_done and progress_total of jobs show how far it is. If it fails, its error
says how many samples are rejected, and import_problems why. The uploads are deleted when it has
succeeded. Errors: 400 invalid_argument and unknown_pathogen, 403 group_access_denied, 404
upload_not_found, 429 too_many_jobs.$$;

revoke all on function api.create_import(
    bigint, text, bigint, bigint, text, boolean, text, boolean, text, text, text
) from public;
grant execute on function api.create_import(
    bigint, text, bigint, bigint, text, boolean, text, boolean, text, text, text
) to member;
