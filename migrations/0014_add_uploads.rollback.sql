alter table aspen.storage_credentials drop column addressing_style;
