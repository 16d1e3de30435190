-- What the store of version 0.1.0 held when that version ended (SQLite, schema 1).
BEGIN TRANSACTION;
CREATE TABLE counted (key TEXT PRIMARY KEY, count INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "counted" VALUES('xxUm73WzTFdI2tKD323Sro5wYlq0VU6BD8ruVBWItYQ',2,4129460914000);
CREATE TABLE revocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL
  ) STRICT;
INSERT INTO "revocations" VALUES(1,'id','658fe957-3422-4f88-a9c2-3d064e36b69d',1795796920.0,4949396924590.0);
INSERT INTO "revocations" VALUES(2,'user','mallory',1795796920.0,4949396924607.0);
CREATE INDEX counted_until ON counted (until);
CREATE INDEX revocations_until ON revocations (until);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('revocations',2);
COMMIT;
PRAGMA application_id = 1349743726;
PRAGMA user_version = 1;
