-- Puts identifiers first in their keys, so that a look-up has one index to take.
-- depends: 0013_type_columns_by_how_they_are_written
--
-- Of one table, indexes that begin with group_id go on alike, whatever the statistics say. Samples
-- are found by how their identifier begins as well.

-- All keys are built anew under a lock: some seconds for a million samples.
-- squawk-ignore-file disallowed-unique-constraint, constraint-missing-not-valid
-- squawk-ignore-file ban-drop-constraint, adding-foreign-key-constraint
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion

alter table aspen.samples
add constraint samples_private_identifier_group_id_key unique (private_identifier, group_id);

alter table aspen.samples
add constraint samples_public_identifier_group_id_key unique (public_identifier, group_id);

alter table aspen.samples drop constraint samples_group_id_private_identifier_key;

alter table aspen.samples drop constraint samples_group_id_public_identifier_key;

create index samples_group_id_private_identifier_named_idx
on aspen.samples (group_id, private_identifier text_pattern_ops)
where private_identifier is not null;

alter table aspen.job_outputs drop constraint job_outputs_group_id_id_key;

alter table aspen.job_outputs add constraint job_outputs_id_group_id_key unique (id, group_id);

alter table aspen.job_outputs drop constraint job_outputs_group_id_bucket_key_key;

alter table aspen.job_outputs
add constraint job_outputs_bucket_key_group_id_key unique (bucket, key, group_id);

alter table aspen.share_links drop constraint share_links_group_id_token_hash_key;

alter table aspen.share_links
add constraint share_links_token_hash_group_id_key unique (token_hash, group_id);

drop index aspen.share_links_token_hash_idx;

alter table aspen.share_links drop constraint share_links_group_id_phylo_tree_id_fkey;

alter table aspen.phylo_tree_tips drop constraint phylo_tree_tips_group_id_phylo_tree_id_fkey;

alter table aspen.phylo_trees drop constraint phylo_trees_group_id_id_key;

alter table aspen.phylo_trees add constraint phylo_trees_id_group_id_key unique (id, group_id);

alter table aspen.share_links
add constraint share_links_group_id_phylo_tree_id_fkey foreign key (group_id, phylo_tree_id)
references aspen.phylo_trees (group_id, id) on delete cascade;

alter table aspen.phylo_tree_tips
add constraint phylo_tree_tips_group_id_phylo_tree_id_fkey foreign key (group_id, phylo_tree_id)
references aspen.phylo_trees (group_id, id) on delete cascade;
