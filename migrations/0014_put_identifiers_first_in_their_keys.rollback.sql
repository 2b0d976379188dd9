alter table aspen.phylo_tree_tips drop constraint phylo_tree_tips_group_id_phylo_tree_id_fkey;

alter table aspen.share_links drop constraint share_links_group_id_phylo_tree_id_fkey;

alter table aspen.phylo_trees drop constraint phylo_trees_id_group_id_key;

alter table aspen.phylo_trees add constraint phylo_trees_group_id_id_key unique (group_id, id);

alter table aspen.share_links
add constraint share_links_group_id_phylo_tree_id_fkey foreign key (group_id, phylo_tree_id)
references aspen.phylo_trees (group_id, id) on delete cascade;

alter table aspen.phylo_tree_tips
add constraint phylo_tree_tips_group_id_phylo_tree_id_fkey foreign key (group_id, phylo_tree_id)
references aspen.phylo_trees (group_id, id) on delete cascade;

create index share_links_token_hash_idx on aspen.share_links (token_hash);

alter table aspen.share_links drop constraint share_links_token_hash_group_id_key;

alter table aspen.share_links
add constraint share_links_group_id_token_hash_key unique (group_id, token_hash);

alter table aspen.job_outputs drop constraint job_outputs_bucket_key_group_id_key;

alter table aspen.job_outputs
add constraint job_outputs_group_id_bucket_key_key unique (group_id, bucket, key);

alter table aspen.job_outputs drop constraint job_outputs_id_group_id_key;

alter table aspen.job_outputs add constraint job_outputs_group_id_id_key unique (group_id, id);

drop index aspen.samples_group_id_private_identifier_named_idx;

alter table aspen.samples
add constraint samples_group_id_private_identifier_key unique (group_id, private_identifier);

alter table aspen.samples
add constraint samples_group_id_public_identifier_key unique (group_id, public_identifier);

alter table aspen.samples drop constraint samples_private_identifier_group_id_key;

alter table aspen.samples drop constraint samples_public_identifier_group_id_key;
