-- The newest samples of a middling group: walked backwards, it passes over others' rows unread.
-- depends: 0003_create_sample_tables
-- transactional: false

create index concurrently if not exists samples_id_group_id_idx on aspen.samples (id, group_id);
