-- The newest samples of a group of middling size: walked backwards, the index passes over everyone
-- else's rows without fetching them.
-- depends: 0003_create_sample_tables
-- transactional: false

create index concurrently if not exists samples_id_group_id_idx on aspen.samples (id, group_id);
