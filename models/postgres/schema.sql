-- The tables of tfpair, version 1. tfpair index push makes them where they are not there yet;
-- a database administrator can run this file instead. pgvector 0.8 or later is needed, and
-- making the extension needs the right to do so.
CREATE EXTENSION IF NOT EXISTS vector;
CREATE SCHEMA tfpair;

CREATE TABLE tfpair.version (version integer NOT NULL);
INSERT INTO tfpair.version VALUES (1);

-- An index: what its vectors are.
CREATE TABLE tfpair.index (
    number     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text    NOT NULL UNIQUE, -- ?index=NAME of the URL
    space      text    NOT NULL,        -- id of the embedding space
    model      text    NOT NULL,        -- that embedded, as people call it
    distance   text    NOT NULL,        -- cosine, euclidean or sqeuclidean
    dim        integer NOT NULL,        -- length of the vectors
    root       text    NOT NULL,        -- folder that paths are relative to, '' not known
    thumbnails integer NOT NULL,        -- longer side of the pictures in pixels, 0: there are none
    accept     jsonb,                   -- threshold of searches, NULL: there is none
    no_accept  text    NOT NULL,        -- and why
    kind       text    NOT NULL CHECK (kind IN ('flat', 'hnsw')),
    half       boolean NOT NULL,        -- the graph of hnsw holds numbers of 16 bits
    ef         integer NOT NULL DEFAULT 0,  -- hnsw.ef_search, 0: there is no graph, searches compare all
    recall     real    NOT NULL DEFAULT 1,  -- share of the ten nearest that searches find, as measured
    measured   bigint  NOT NULL DEFAULT 0,  -- images when it was measured
    images     bigint  NOT NULL DEFAULT 0,  -- entries
    rows       bigint  NOT NULL DEFAULT 0,  -- numbers of entries that were given away
    UNIQUE (number, space, dim)
);

-- An image. Each index has a partition of its own, tfpair.entry_NUMBER. The foreign key keeps
-- out vectors of another embedding space and of another length.
CREATE TABLE tfpair.entry (
    index     integer NOT NULL,
    space     text    NOT NULL,
    dim       integer NOT NULL GENERATED ALWAYS AS (vector_dims(embedding)) STORED,
    row       bigint  NOT NULL, -- equal distances are answered in this order
    id        text    NOT NULL CHECK (id <> ''),
    path      text    NOT NULL,
    sha256    text    NOT NULL, -- of the image's file, '' not known
    class     text    NOT NULL, -- '' not known
    coarse    text    NOT NULL, -- class of the class, '' not known
    learned   boolean NOT NULL, -- the network has learned from its class
    metadata  jsonb,
    picture   bytea,            -- thumbnail, a JPEG file
    sum       bytea   NOT NULL, -- SHA-256 of all that was pushed of it
    embedding vector  NOT NULL,
    PRIMARY KEY (index, id),
    UNIQUE (index, row),
    FOREIGN KEY (index, space, dim) REFERENCES tfpair.index (number, space, dim)
) PARTITION BY LIST (index);
