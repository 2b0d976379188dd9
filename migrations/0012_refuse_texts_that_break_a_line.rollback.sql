alter table aspen.accessions drop constraint if exists accessions_accession_form_check;

alter table aspen.invitations drop constraint if exists invitations_email_characters_check;

alter table aspen.job_outputs drop constraint if exists job_outputs_texts_form_check;

alter table aspen.job_public_sequences
drop constraint if exists job_public_sequences_strain_form_check;

alter table aspen.job_samples drop constraint if exists job_samples_public_identifier_form_check;

alter table aspen.jobs drop constraint if exists jobs_texts_form_check;

alter table aspen.lineages drop constraint if exists lineages_lineage_form_check;

alter table aspen.locations drop constraint if exists locations_names_form_check;

alter table aspen.pathogens drop constraint if exists pathogens_names_form_check;

alter table aspen.phylo_tree_tips drop constraint if exists phylo_tree_tips_texts_form_check;

alter table aspen.public_repositories drop constraint if exists public_repositories_name_form_check;

alter table aspen.public_sequences drop constraint if exists public_sequences_texts_form_check;

alter table aspen.reference_datasets drop constraint if exists reference_datasets_texts_form_check;

alter table aspen.sample_lineages drop constraint if exists sample_lineages_texts_form_check;

alter table aspen.sample_mutations drop constraint if exists sample_mutations_mutations_form_check;

alter table aspen.sample_qc_metrics
drop constraint if exists sample_qc_metrics_qc_software_version_form_check;

alter table aspen.users drop constraint if exists users_subject_form_check;

alter table aspen.usher_options drop constraint if exists usher_options_texts_form_check;
