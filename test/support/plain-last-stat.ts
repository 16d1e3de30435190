import { statSync } from 'node:fs'

// Node's search for a module follows symbolic links only as long as the last synchronous `stat` of the process was of no pipe or socket
// (`realpathSync` looks at its result once its cache knows a part of the path). A test may have looked at a socket: the next test file
// would not find the libraries of packages that are linked, and no file after it in that process.
statSync(import.meta.dirname)
