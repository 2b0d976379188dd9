-- code: unloaded

alter table aspen.groups
alter column name type text,
alter column prefix type text,
alter column submitting_lab type text,
alter column address type text,
alter column division type text,
alter column location type text,
alter column default_tree_location_id type bigint,
alter column created_at type timestamptz,
alter column updated_at type timestamptz;

alter table aspen.users
alter column name type text,
alter column is_operator type boolean,
alter column agreed_to_tos type boolean,
alter column acknowledged_policy_version type date,
alter column gisaid_submitter_id type text,
alter column created_at type timestamptz;

alter table aspen.pathogens
alter column slug type text,
alter column name type text,
alter column organism type text,
alter column default_repository_id type bigint,
alter column contextual_repository_id type bigint,
alter column lineage_caller type text,
alter column nextclade_dataset_name type text,
alter column has_lineage_filter type boolean,
alter column has_usher type boolean;

alter table aspen.public_repositories
alter column name type text;

alter table aspen.lineages
alter column pathogen_id type bigint,
alter column lineage type text;

alter table aspen.locations
alter column region type text,
alter column country type text,
alter column division type text,
alter column location type text,
alter column latitude type double precision,
alter column longitude type double precision;

alter table aspen.samples
alter column group_id type bigint,
alter column pathogen_id type bigint,
alter column location_id type bigint,
alter column is_private type boolean,
alter column collection_date type date,
alter column created_at type timestamptz,
alter column updated_at type timestamptz;

alter table aspen.sequences
alter column group_id type bigint,
alter column sample_id type bigint,
alter column sequencing_date type date,
alter column sequencing_depth type double precision,
alter column created_at type timestamptz,
alter column updated_at type timestamptz;

alter table aspen.accessions
alter column is_private type boolean,
alter column updated_at type timestamptz;

alter table aspen.sample_lineages
alter column is_private type boolean,
alter column lineage_probability type double precision,
alter column scorpio_support type double precision,
alter column updated_at type timestamptz;

alter table aspen.sample_qc_metrics
alter column is_private type boolean,
alter column qc_score type double precision,
alter column updated_at type timestamptz;

alter table aspen.jobs
alter column name type text,
alter column created_at type timestamptz,
alter column updated_at type timestamptz,
alter column started_at type timestamptz,
alter column heartbeat_at type timestamptz,
alter column finished_at type timestamptz;

alter table aspen.job_outputs
alter column verified_at type timestamptz,
alter column created_at type timestamptz;

alter table aspen.phylo_trees
alter column created_at type timestamptz,
alter column updated_at type timestamptz;

drop domain aspen.amount;

drop domain aspen.day;

drop domain aspen.flag;

drop domain aspen.key;

drop domain aspen.moment;

drop domain aspen.words;

drop domain aspen.words_list;
