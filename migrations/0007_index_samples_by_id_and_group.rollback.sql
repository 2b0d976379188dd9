drop index concurrently aspen.samples_id_group_id_idx;
