-- name and samples are JSON, because a number where the request needs a text would arrive as a
-- text.
create or replace function api.create_phylo_run(
    group_id bigint,
    pathogen text,
    name json,
    samples json,
    tree_type text,
    template_args jsonb default '{}'
)
returns setof api.phylo_runs
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.fail(400, 'invalid_run', 'The run is invalid', problems.problems::text)
    from (
        select
            json_agg(
                json_build_object(
                    'field', arguments.field,
                    'value', left(arguments.value #>> '{}', 200),
                    'reason', arguments.reason
                )
            ) as problems
        from (
            values
            (
                'name', create_phylo_run.name,
                json_typeof(create_phylo_run.name) in ('string', 'null'), 'must be a text'
            ),
            (
                'samples', create_phylo_run.samples,
                json_typeof(create_phylo_run.samples) = 'null'
                or internal.parse_words_list(create_phylo_run.samples) is not null,
                'must be an array of identifiers without null'
            )
        ) as arguments (field, value, is_usable, reason)
        where not arguments.is_usable
    ) as problems
    where problems.problems is not null;

    select internal.create_phylo_run(
        create_phylo_run.group_id,
        internal.trimmed(create_phylo_run.pathogen),
        internal.cell_text(create_phylo_run.name),
        internal.parse_words_list(create_phylo_run.samples),
        upper(internal.trimmed(create_phylo_run.tree_type)),
        create_phylo_run.template_args
    );
end;

comment on function api.create_phylo_run(bigint, text, json, json, text, jsonb) is
$$Queue a phylogenetic run

group_id: a group where you are directly member or admin. pathogen: a slug; the pathogen needs a
nextclade_dataset_name. name: a text of 1 to 128 characters without control characters. samples: an
array of at most 20,000 public identifiers of samples that you see, private identifiers where you
may see them, strain names and accessions of the pathogen's repository. Each needs a sequence. The
run is made from all samples of the group and pathogen that match template_args, at most the 20,000
newest, and these are the chosen ones, which always match; the array may be empty. job_inputs lists
them. Unless the tree is NON_CONTEXTUALIZED, its context comes from the newest aligned data set of the
pathogen's contextual repository (repository_data), if the pathogen has one. The prefix of a repository such as hCoV-19/ is optional, in any case; the rest is compared
exactly. The samples of group_id come first; an identifier that two samples there have or, if none
there has it, two of other groups, is rejected. tree_type: OVERVIEW (the samples of the group among
sequences from around it), TARGETED (the chosen samples with those most similar to them) or
NON_CONTEXTUALIZED (samples of the group's place only), in any case.
template_args: filter_start_date and filter_end_date (YYYY-MM-DD), filter_pango_lineages (at most
1,000 names), location_id (a number). White space around texts is removed; in SQL, name and samples
are JSON. Returns the run. Errors: 400 unknown_samples, ambiguous_samples and
samples_without_sequence (details lists them), invalid_run, unknown_pathogen, pathogen_without_runs, data_set_missing;
403 group_access_denied; 429 too_many_jobs.$$;

revoke all on function api.create_phylo_run(bigint, text, json, json, text, jsonb) from public;
grant execute on function api.create_phylo_run(bigint, text, json, json, text, jsonb) to member;
