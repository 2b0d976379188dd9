-- NOTE: no write is granted: job outputs are registered by the control plane.
-- structure.sql adds the policy by which members read the rows of samples that they see.

grant select on aspen.accessions to member;
