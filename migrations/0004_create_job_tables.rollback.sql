drop table aspen.share_links;

drop table aspen.phylo_tree_tips;

drop table aspen.phylo_trees;

drop table aspen.job_schedules;

drop table aspen.job_outputs;

drop table aspen.job_public_sequences;

drop table aspen.job_samples;

drop table aspen.jobs;
