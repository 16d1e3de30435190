import { addToSums, measures } from '../measures.js'

/** Version 2: sums for each day, so that a question about a month does not read every call. What is there already is added up. */
export const sums = `
  CREATE TABLE sums (
    day INTEGER NOT NULL, who INTEGER NOT NULL, unit TEXT NOT NULL,
    ${measures.map(([column]) => `${column} INTEGER NOT NULL`).join(', ')}, PRIMARY KEY (day, who, unit)
  ) STRICT, WITHOUT ROWID;
  ${addToSums('true')};
`
