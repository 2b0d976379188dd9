-- Metadata of public sequences, millions of rows for some pathogens. The rows of a pathogen and
-- repository are one partition, in schema control, because they differ from database to database.
-- `control load public-sequences` fills a new one aside and puts it in the place of the old one;
-- readers see the old rows until it commits. Other rows are in the default partition; its name is
-- short, because the names of its indexes follow from it.
create table aspen.public_sequences (
    pathogen_id bigint not null constraint public_sequences_pathogen_id_fkey
    references aspen.pathogens (id) on delete cascade,
    public_repository_id bigint not null constraint public_sequences_public_repository_id_fkey
    references aspen.public_repositories (id) on delete restrict,
    strain text not null,
    accession text,
    lineage text,
    collection_date date,
    region text,
    country text,
    division text,
    location text,
    constraint public_sequences_pkey primary key (pathogen_id, public_repository_id, strain),
    constraint public_sequences_texts_form_check check (
        strain !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        and accession !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        and lineage !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        and region !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        and country !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        and division !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        and location !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
    )
) partition by range (pathogen_id, public_repository_id);

create index public_sequences_public_repository_id_idx
on aspen.public_sequences (public_repository_id);

create index public_sequences_pathogen_id_public_repository_id_accession_idx
on aspen.public_sequences (pathogen_id, public_repository_id, accession);

comment on table aspen.public_sequences is 'Metadata of every sequence a repository publishes for a pathogen';

create table aspen.public_others partition of aspen.public_sequences default;

comment on table aspen.public_others is 'Public sequences of a pathogen and repository that were never loaded';
