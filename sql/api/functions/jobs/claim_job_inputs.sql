create or replace function api.claim_job_inputs()
returns json
language sql
volatile
security invoker
begin atomic
    select internal.claim_job_inputs();
end;

comment on function api.claim_job_inputs() is $$What a job runs on

For the program of a running job, with the token of its present attempt. An object: job_id, attempt,
kind, output_prefix (the folder in the bucket for its files), pathogen, group, and for a phylo run name,
tree_type, template_args, contextual_repository, resolved_template_args (the filters with every
lineage they mean and the location, or the place of the group's trees, as a row) and samples_left_out,
how many samples of the group were not recorded because only the newest are. data_set: the aligned
data set for its context, with sequences_url and metadata_url, links that work for at most an hour; null
if the tree has none. samples: id, by which the
files of the job name a sample, is_chosen (false for the others of the group), public_identifier, collection_date, region, country, division, location, host,
lineage (of the pathogen's caller; null if it has none), sequencing_date and bases, the length of its sequence; null if it has none or another one since the
job left the queue. public_sequences: strain and repository. Samples that were deleted are left out.
job_sequences gives the bases. Of a job of the platform: repository, its name, data_set, the data
set that it reads, and arguments, an object such as the URLs of a source, where an s3 address is a link;
null for other jobs. A call also counts as heartbeat. Errors: 503 storage_unavailable.$$;

revoke all on function api.claim_job_inputs() from public;
grant execute on function api.claim_job_inputs() to job;
