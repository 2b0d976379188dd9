-- How test_permission_matrix.py tries a verb on a resource, where the verb alone does not say it. %(id)s is the row of
-- the line; the others are named in world.py.

-- samples select
select private_identifier from api.samples where id = %(id)s

-- samples insert
insert into api.samples
(group_id, pathogen_id, location_id, private_identifier, collection_date, is_private)
values (%(group)s, %(pathogen)s, %(location)s, 'new', '2024-02-01', %(is_private)s)
returning private_identifier

-- samples update
update api.samples set host = 'bat' where id = %(id)s returning id

-- sequences insert
insert into api.sequences (group_id, sample_id, sequence)
values (%(group)s, %(unsequenced)s, repeat('ACGT', 250)) returning id

-- sequences update
update api.sequences set sequencing_depth = 1 where id = %(id)s returning id

-- sequences_fasta execute
select from api.sequences as sequences where id = %(id)s having api.sequences_fasta(sequences) <> ''

-- raw_output execute
select from (select jsonb_populate_record(null::api.sample_qc_metrics, jsonb_build_object('id', %(id)s)) as one) as metrics
where api.raw_output(metrics.one) is not null

-- phylo_runs update
update api.phylo_runs set name = 'new' where id = %(id)s returning id

-- export_sequences execute
select from api.export_sequences('SC2', %(group)s) as fasta where fasta <> ''

-- samples_left_out execute
select identifier from api.samples_left_out('SC2', %(group)s)

-- submission_template execute
select nullif(file like E'%%\nx/' || %(private_identifier)s || E'\t%%', false)
from api.submission_template('SC2', 'GenBank', %(group)s, id_style => 'private') as file
where file like E'%%\r\n%%\r\n'

-- export_qc_metrics execute
select nullif(file like E'%%\n' || %(private_identifier)s || E'\t%%', false)
from api.export_qc_metrics('SC2', %(group)s, id_style => 'private') as file
where file like E'%%\r\n%%\r\n'

-- group_usage execute
select group_id from api.group_usage() where group_id = %(group)s

-- overview execute
select api.overview(%(group)s) as page

-- metrics execute
select api.metrics() as page

-- phylo_tree_samples execute
select nullif(api.phylo_tree_samples(%(id)s) like E'%%\n' || %(private_identifier)s || E'\t%%', false)

-- claim_job_inputs execute
select api.claim_job_inputs()

-- job_sequences execute
select api.job_sequences()

-- job_upload_url execute
select api.job_upload_url('tree.json', 1, repeat('0', 64))

-- report_job execute
select api.report_job()

-- output_url execute
select api.output_url(%(id)s)

-- phylo_tree execute
select nullif(api.phylo_tree(%(id)s) like '%%' || %(private_identifier)s || '%%', false)

-- created_by execute
select api.created_by(links) from api.share_links as links where id = %(id)s

-- create_upload execute
select api.create_upload(%(group)s, 'a.fasta', 1, repeat('0', 64))

-- create_import execute
select id from api.create_import(%(group)s, 'SC2', %(id)s, is_sequence_optional => true)

-- create_export execute
select id from api.create_export(%(group)s, 'SC2', 'samples')

-- upload_links execute
select api.upload_links(%(id)s)

-- share_phylo_tree execute
select token from api.share_phylo_tree(%(id)s)

-- share_sequences execute
select token from api.share_sequences(%(group)s, 'SC2', json_build_array(%(private_identifier)s::text))

-- revoke_machine_token execute
select id from api.revoke_machine_token(%(id)s)

-- revoke_share_link execute
select id from api.revoke_share_link(%(id)s)

-- shared_phylo_tree execute
select api.shared_phylo_tree('known to everybody: tree')

-- shared_sequences execute
select api.shared_sequences('known to everybody: sequences')

-- owner execute
select api.owner(samples) from api.samples as samples where id = %(id)s

-- uploaded_by execute
select api.uploaded_by(samples) from api.samples as samples where id = %(id)s

-- changed_by execute
select api.changed_by(changes) from api.changes as changes where id = %(id)s

-- requested_by execute
select api.requested_by(jobs) from api.jobs as jobs where id = %(id)s

-- create_samples execute
select api.create_samples(%(group)s, 'SC2', json_build_array(json_build_object(
    'private_identifier', 'new', 'collection_date', '2024-02-01',
    'location_id', %(location)s::bigint, 'is_private', %(is_private)s::boolean
)))

-- update_samples execute
select api.update_samples(%(group)s, json_build_array(json_build_object('id', %(id)s::bigint, 'host', 'bat')))

-- delete_samples execute
select api.delete_samples(%(group)s, json_build_array(%(id)s::bigint))

-- restore_samples execute
select api.restore_samples(%(group)s, json_build_array(%(id)s::bigint))

-- samples_as_of execute
select id from api.samples_as_of('2999-01-01', %(group)s) limit 1

-- validate_sample_identifiers execute
select nullif(api.validate_sample_identifiers(
    'SC2', json_build_array(%(private_identifier)s::text), %(group)s
) -> 0 ->> 'status', 'unknown')

-- jobs select
select error from api.jobs where id = %(id)s

-- phylo_runs select
select error from api.phylo_runs where id = %(id)s

-- job_outputs select
select key from api.job_outputs where id = %(id)s

-- job_inputs select
select id from api.job_inputs where id = %(id)s

-- create_phylo_run execute
select id from api.create_phylo_run(%(group)s, 'SC2', '"new"', '[]', 'targeted')

-- cancel_job execute
select id from api.cancel_job(%(id)s)

-- retry_job execute
select id from api.retry_job(%(id)s)

-- groups insert
insert into api.groups (name, prefix) values ('New', 'NEW') returning id

-- groups update
update api.groups set address = 'here' where id = %(id)s returning id

-- group_members select
select email from api.group_members where id = %(id)s

-- group_members update
update api.group_members set role = 'member' where id = %(id)s returning id

-- job_schedules insert
insert into api.job_schedules (group_id, pathogen_id, kind, weekdays)
values (%(group)s, %(pathogen)s, 'phylo_run', '{1}') returning id

-- job_schedules update
update api.job_schedules set is_enabled = false where id = %(id)s returning id

-- webhooks update
update api.webhooks set is_enabled = false where id = %(id)s returning id

-- create_webhook execute
select id from api.create_webhook(%(group)s, 'https://hooks.example.org/')

-- replay_webhook execute
select id from api.replay_webhook(%(id)s)

-- rotate_webhook_secret execute
select webhook_id from api.rotate_webhook_secret(%(id)s)

-- group_grants select
select grantee_group_name from api.group_grants where id = %(id)s

-- group_grants update
update api.group_grants set ends_at = '2999-01-01' where id = %(id)s returning id

-- grant_access execute
select id from api.grant_access(%(group)s, 'others')

-- invite_members execute
select token from api.invite_members(%(group)s, '["new@example.org"]')

-- revoke_invitation execute
select id from api.revoke_invitation(%(id)s)

-- accept_invitation execute
select group_id from api.accept_invitation('of somebody else')

-- me select
select subject from api.me

-- me update
update api.me set name = 'new' returning id

-- me delete
delete from api.me

-- pathogens insert
insert into api.pathogens (slug, name, organism) values ('NEW', 'New', 'New') returning id

-- pathogens update
update api.pathogens set name = 'new' where id = %(id)s returning id

-- locations insert
insert into api.locations (region, country) values ('Asia', 'Nepal') returning id

-- locations update
update api.locations set latitude = 1, longitude = 1 where id = %(id)s returning id

-- search_locations execute
select id from api.search_locations('france')

-- lineages insert
insert into api.lineages (pathogen_id, lineage) values (%(pathogen)s, 'new') returning id

-- lineages update
update api.lineages set lineage = 'new' where id = %(id)s returning id

-- lineage_filters execute
select filter from api.lineage_filters('SC2')

-- expand_lineages execute
select lineage from api.expand_lineages('SC2', array['XBB'])

-- lineage_aliases insert
insert into api.lineage_aliases (pathogen_id, alias, patterns)
values (%(pathogen)s, 'new', array['XBB']) returning id

-- lineage_aliases update
update api.lineage_aliases set alias = 'new' where id = %(id)s returning id

-- repository_data insert
insert into api.repository_data (pathogen_id, public_repository_id, stage, job_id)
values (%(pathogen)s, 1, 'aligned', 1)

-- repository_data update
update api.repository_data set stage = 'raw' where id = %(id)s returning id

-- usher_options insert
insert into api.usher_options (pathogen_id, description, value)
values (%(pathogen)s, 'new', 'new') returning id

-- usher_options update
update api.usher_options set priority = 7 where id = %(id)s returning id

-- public_repositories insert
insert into api.public_repositories (name) values ('new') returning id

-- public_repositories update
update api.public_repositories set name = 'new' where id = %(id)s returning id

-- explain_access execute
select explanation from api.explain_access('samples', %(id)s)

-- health execute
select api.health()

-- json_schema execute
select api.json_schema('error')

-- kept_answer execute
select api.kept_answer()

-- manual execute
select api.manual()

-- openapi execute
select api.openapi()
