/**
 * Version 1: a row for each call, and one for each attempt that was followed by another. `who` has each combination of names once, so
 * that a row of a call is short. The empty text stands for a name that is not there. Times are in milliseconds since the epoch, days in
 * days since the epoch, costs in billionths of the unit.
 */
export const calls = `
  CREATE TABLE who (
    id INTEGER PRIMARY KEY, user TEXT NOT NULL, team TEXT NOT NULL, project TEXT NOT NULL, key TEXT NOT NULL, gateway TEXT NOT NULL,
    model TEXT NOT NULL, last_day INTEGER NOT NULL, UNIQUE (user, team, project, key, gateway, model)
  ) STRICT;
  CREATE INDEX who_last_day ON who (last_day);
  CREATE TABLE calls (
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, who INTEGER NOT NULL, request_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    workflow TEXT, step TEXT, parent_step TEXT, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, code TEXT,
    finish TEXT NOT NULL, via TEXT, caller TEXT, provider TEXT, tier TEXT, input INTEGER, output INTEGER, cached INTEGER,
    reasoning INTEGER, cost INTEGER, unit TEXT NOT NULL, booked TEXT, estimated INTEGER NOT NULL, duration_ms REAL NOT NULL, gateway_ms REAL,
    gateway_request_id TEXT, trace_id TEXT
  ) STRICT;
  CREATE INDEX calls_time ON calls (time);
  CREATE INDEX calls_workflow ON calls (workflow, time) WHERE workflow IS NOT NULL;
  CREATE TABLE attempts (
    call INTEGER NOT NULL, attempt INTEGER NOT NULL, code TEXT NOT NULL, PRIMARY KEY (call, attempt)
  ) STRICT, WITHOUT ROWID;
`
