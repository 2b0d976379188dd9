-- Extensions, in their own schema. Run by an administrator in the new database: earthdistance is
-- not a trusted extension, so the database's owner cannot create it.

create schema if not exists ext authorization aspen_owner;

create extension if not exists cube with schema ext;

create extension if not exists earthdistance with schema ext;

create extension if not exists fuzzystrmatch with schema ext;

create extension if not exists pg_trgm with schema ext;
