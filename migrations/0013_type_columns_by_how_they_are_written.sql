-- Types columns by how their values are written, for PostgREST to read them with functions of ours.
-- depends: 0012_refuse_texts_that_break_a_line
-- code: unloaded
--
-- No table is rewritten and no index built again, because the domains have no checks; PostgreSQL
-- looks through the rows of the checks on these columns once.
-- squawk-ignore-file changing-column-type

create domain aspen.amount as double precision;

comment on domain aspen.amount is 'A number, written like 30, 0.5 or 1e-05';

create domain aspen.day as date;

comment on domain aspen.day is 'A day, written YYYY-MM-DD';

create domain aspen.flag as boolean;

comment on domain aspen.flag is 'Yes or no, written true or false';

create domain aspen.key as bigint;

comment on domain aspen.key is 'The id of a row, written as an integer';

create domain aspen.moment as timestamptz;

comment on domain aspen.moment is 'A moment, written in ISO 8601';

create domain aspen.words as text;

comment on domain aspen.words is 'A text; blanks around it are not part of it';

create domain aspen.words_list as text[];

comment on domain aspen.words_list is 'A list of texts; blanks around each are not part of it';

alter table aspen.groups
alter column name type aspen.words,
alter column prefix type aspen.words,
alter column submitting_lab type aspen.words,
alter column address type aspen.words,
alter column division type aspen.words,
alter column location type aspen.words,
alter column default_tree_location_id type aspen.key,
alter column created_at type aspen.moment,
alter column updated_at type aspen.moment;

alter table aspen.users
alter column name type aspen.words,
alter column is_operator type aspen.flag,
alter column agreed_to_tos type aspen.flag,
alter column acknowledged_policy_version type aspen.day,
alter column gisaid_submitter_id type aspen.words,
alter column created_at type aspen.moment;

alter table aspen.pathogens
alter column slug type aspen.words,
alter column name type aspen.words,
alter column organism type aspen.words,
alter column default_repository_id type aspen.key,
alter column contextual_repository_id type aspen.key,
alter column lineage_caller type aspen.words,
alter column nextclade_dataset_name type aspen.words,
alter column has_lineage_filter type aspen.flag,
alter column has_usher type aspen.flag;

alter table aspen.public_repositories
alter column name type aspen.words;

alter table aspen.lineages
alter column pathogen_id type aspen.key,
alter column lineage type aspen.words;

alter table aspen.locations
alter column region type aspen.words,
alter column country type aspen.words,
alter column division type aspen.words,
alter column location type aspen.words,
alter column latitude type aspen.amount,
alter column longitude type aspen.amount;

alter table aspen.samples
alter column group_id type aspen.key,
alter column pathogen_id type aspen.key,
alter column location_id type aspen.key,
alter column is_private type aspen.flag,
alter column collection_date type aspen.day,
alter column created_at type aspen.moment,
alter column updated_at type aspen.moment;

alter table aspen.sequences
alter column group_id type aspen.key,
alter column sample_id type aspen.key,
alter column sequencing_date type aspen.day,
alter column sequencing_depth type aspen.amount,
alter column created_at type aspen.moment,
alter column updated_at type aspen.moment;

alter table aspen.accessions
alter column is_private type aspen.flag,
alter column updated_at type aspen.moment;

alter table aspen.sample_lineages
alter column is_private type aspen.flag,
alter column lineage_probability type aspen.amount,
alter column scorpio_support type aspen.amount,
alter column updated_at type aspen.moment;

alter table aspen.sample_qc_metrics
alter column is_private type aspen.flag,
alter column qc_score type aspen.amount,
alter column updated_at type aspen.moment;

alter table aspen.jobs
alter column name type aspen.words,
alter column created_at type aspen.moment,
alter column updated_at type aspen.moment,
alter column started_at type aspen.moment,
alter column heartbeat_at type aspen.moment,
alter column finished_at type aspen.moment;

alter table aspen.job_outputs
alter column verified_at type aspen.moment,
alter column created_at type aspen.moment;

alter table aspen.phylo_trees
alter column created_at type aspen.moment,
alter column updated_at type aspen.moment;
