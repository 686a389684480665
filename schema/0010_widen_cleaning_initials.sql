-- Up to eight characters of any script.

ALTER TABLE cleaning DROP CONSTRAINT cleaning_initials_check,
    ADD CONSTRAINT cleaning_initials_check CHECK (octet_length(initials) <= 32);
