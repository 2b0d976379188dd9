-- Create one batch through the function that API clients call.
select api.create_samples(%(group_id)s, %(pathogen)s, %(samples)s::json, %(on_conflict)s);
