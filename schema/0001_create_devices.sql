-- Sites, models, devices and the telemetry watermark of each boot of a device.
--
-- SQLSTATEs of our own, mapped to errors of the API in server/store/db_error.c:
--   PD001 device busy · PD002 cleaning due · PD003 out of service · PD004 out of sequence
--   PD005 illegal transition · PD006 published version · PD007 append-only · PD008 no such published routine

CREATE TABLE site (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 80),
    timezone   text NOT NULL DEFAULT 'UTC' CHECK (octet_length(timezone) BETWEEN 1 AND 64),
    version    bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX site_name_once ON site (name);

-- What a kind of device can do; spec is what protocol/model.h decodes.
CREATE TABLE model (
    id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    version    integer NOT NULL CHECK (version > 0),
    name       text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    spec       jsonb NOT NULL CHECK (jsonb_typeof(spec) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- last_seq: the sequence number of the last command. version: for ETag; counts changes by people only.
-- Half-empty pages keep the update of last_seq within the page (no index to maintain).
CREATE TABLE device (
    id                 uuid PRIMARY KEY,
    site_id            uuid NOT NULL REFERENCES site (id),
    model_id           text NOT NULL REFERENCES model (id),
    name               text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 80),
    serial             text NOT NULL CHECK (octet_length(serial) BETWEEN 1 AND 64),
    service            text NOT NULL DEFAULT 'in_service'
                       CHECK (service IN ('in_service', 'maintenance', 'retired')),
    cleaning           text NOT NULL DEFAULT 'clean' CHECK (cleaning IN ('clean', 'due')),
    rinse              boolean NOT NULL DEFAULT false,
    credential_version integer NOT NULL DEFAULT 1 CHECK (credential_version > 0),
    last_seq           bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    version            bigint NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX device_serial_once ON device (serial);
CREATE INDEX device_by_site ON device (site_id, id);

-- committed: samples of this boot up to this number are settled: stored, or given up by the device
-- itself (lost counts those). Written only in the transaction that stores the samples.
CREATE TABLE device_boot (
    device_id  uuid NOT NULL REFERENCES device (id),
    boot_id    uuid NOT NULL,
    committed  bigint NOT NULL DEFAULT 0 CHECK (committed >= 0),
    lost       bigint NOT NULL DEFAULT 0 CHECK (lost >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, boot_id)
) WITH (fillfactor = 50);
