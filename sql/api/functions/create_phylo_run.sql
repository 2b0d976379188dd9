create or replace function api.create_phylo_run(
    group_id bigint,
    pathogen text,
    name text,
    samples text[],
    tree_type text,
    template_args jsonb default '{}'
)
returns setof api.phylo_runs
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.create_phylo_run(
        create_phylo_run.group_id,
        create_phylo_run.pathogen,
        create_phylo_run.name,
        create_phylo_run.samples,
        upper(create_phylo_run.tree_type),
        create_phylo_run.template_args
    );
end;

comment on function api.create_phylo_run(bigint, text, text, text[], text, jsonb) is $$Queue a phylogenetic run

group_id: a group where you are directly member or admin. pathogen: slug. name: 1 to 128 characters,
not blank, without control characters. samples: at most 20,000 public identifiers of samples you see,
private identifiers where you are permitted, strain names and accessions of the pathogen's repository;
may be empty: a run is made from all samples of the group and pathogen, these are the chosen ones, and
each has a sequence. The pathogen has a nextclade_dataset_name. A repository's prefix such as hCoV-19/ may be there or not, in any case; the rest is
compared letter by letter. The samples of group_id come first; an identifier that stands for two
samples there or, if for none there, for two of other groups is refused. tree_type: OVERVIEW, TARGETED or NON_CONTEXTUALIZED.
template_args: filter_start_date and filter_end_date (YYYY-MM-DD), filter_pango_lineages (at most 1,000
names), location_id (a number). Returns the run. Errors: 400 unknown_samples and ambiguous_samples
and samples_without_sequence (details lists
them), invalid_run, unknown_pathogen, pathogen_without_runs; 403 group_access_denied.$$;

revoke all on function api.create_phylo_run(bigint, text, text, text[], text, jsonb) from public;
grant execute on function api.create_phylo_run(bigint, text, text, text[], text, jsonb) to member;
