alter table aspen.samples drop constraint if exists samples_private_identifier_form_check;

alter table aspen.samples drop constraint if exists samples_public_identifier_form_check;

alter table aspen.samples drop constraint if exists samples_texts_form_check;

alter table aspen.samples drop constraint if exists samples_authors_form_check;

alter table aspen.users drop constraint if exists users_texts_form_check;

alter table aspen.groups drop constraint if exists groups_texts_form_check;

alter table aspen.jobs drop constraint if exists jobs_name_form_check;

alter table aspen.samples
add constraint samples_private_identifier_form_check
check (private_identifier ~ '^\S([^\n\r]{0,126}\S)?$');

alter table aspen.samples
add constraint samples_public_identifier_form_check
check (public_identifier ~ '^\S([^\n\r]{0,126}\S)?$');
