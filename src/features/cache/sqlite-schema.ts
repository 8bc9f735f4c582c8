/** The tables of the SQLite tier. What finds an entry and what it holds lie apart. */
import type { SqliteDatabase } from '../../storage/sqlite-driver.js'

/** A file that is fine and still not ours to use. */
export class ForeignFileError extends Error {
  readonly reason: 'newer_schema' | 'foreign_file'

  constructor(reason: 'newer_schema' | 'foreign_file') {
    super(reason)
    this.reason = reason
  }
}

const VERSION = 1
/** 'RFc1': marks the file as ours, see `PRAGMA application_id`. */
const APPLICATION = 0x52466331

/*
 * Scans of `meta` never touch the values, which is what makes them quick. `epoch` is what `clear`
 * raises: rows of an earlier one are gone for every reader at once, and are swept in small steps. The
 * triggers keep the totals right whoever writes, without a scan.
 */
const TABLES = `
  CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL
  );
  INSERT INTO state VALUES (1, 1, 0, 0);

  CREATE TABLE meta (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    stale_until INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    scope TEXT
  );
  CREATE INDEX meta_by_use ON meta (epoch, used_at, size);
  CREATE INDEX meta_by_end ON meta (stale_until);
  CREATE INDEX meta_by_scope ON meta (scope, created_at) WHERE scope IS NOT NULL;

  CREATE TABLE blob (id INTEGER PRIMARY KEY, value BLOB NOT NULL);

  CREATE TRIGGER meta_added AFTER INSERT ON meta BEGIN
    UPDATE state SET entries = entries + 1, bytes = bytes + new.size;
  END;
  CREATE TRIGGER meta_replaced AFTER UPDATE OF size ON meta BEGIN
    UPDATE state SET
      entries = entries + (old.epoch <> epoch),
      bytes = bytes + new.size - old.size * (old.epoch = epoch);
  END;
  CREATE TRIGGER meta_removed AFTER DELETE ON meta BEGIN
    DELETE FROM blob WHERE id = old.id;
    UPDATE state SET entries = entries - 1, bytes = bytes - old.size WHERE epoch = old.epoch;
  END;

  CREATE TABLE marks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL
  );
  CREATE INDEX marks_by_age ON marks (at);

  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${VERSION};
`

/**
 * False for an empty file.
 * @throws ForeignFileError
 */
export function hasTables(database: SqliteDatabase): boolean {
  const version = pragma(database, 'user_version')
  const application = pragma(database, 'application_id')
  if (application === APPLICATION && version === VERSION) return true
  if (application === APPLICATION) throw new ForeignFileError('newer_schema')
  const others = database.prepare('SELECT count(*) AS tables FROM sqlite_master').get()
  if (version === 0 && application === 0 && others?.['tables'] === 0) return false
  throw new ForeignFileError('foreign_file')
}

/** To be called in a transaction. */
export function createTables(database: SqliteDatabase): void {
  database.exec(TABLES)
}

function pragma(database: SqliteDatabase, name: 'user_version' | 'application_id'): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name]
}
