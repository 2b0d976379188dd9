alter table aspen.groups drop column directory_id;
