-- Whom the session is for, as staff would call the guest: no more than a first name or a number. Empty: not said.

ALTER TABLE session ADD COLUMN guest text NOT NULL DEFAULT '' CHECK (octet_length(guest) <= 240);
