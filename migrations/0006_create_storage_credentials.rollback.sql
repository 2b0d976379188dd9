drop table aspen.storage_credentials;
