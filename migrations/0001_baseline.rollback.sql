drop table aspen.storage_credentials;

drop table aspen.audit_log;

drop table aspen.job_schedules;

drop table aspen.share_links;

drop table aspen.phylo_tree_tips;

drop table aspen.phylo_trees;

drop table aspen.job_outputs;

drop table aspen.job_public_sequences;

drop table aspen.job_samples;

drop table aspen.jobs;

drop table aspen.sample_mutations;

drop table aspen.sample_qc_metrics;

drop table aspen.sample_lineages;

drop table aspen.accessions;

drop table aspen.aligned_sequences;

drop table aspen.sequences;

drop table aspen.samples;

drop table aspen.invitations;

drop table aspen.group_grants;

drop table aspen.memberships;

drop table aspen.users;

drop table aspen.groups;

drop table aspen.public_sequences;

drop table aspen.reference_datasets;

drop table aspen.usher_options;

drop table aspen.lineages;

drop table aspen.locations;

drop table aspen.pathogen_repositories;

drop table aspen.pathogens;

drop table aspen.public_repositories;

drop domain aspen.words_list;

drop domain aspen.words;

drop domain aspen.moment;

drop domain aspen.key;

drop domain aspen.flag;

drop domain aspen.day;

drop domain aspen.amount;
