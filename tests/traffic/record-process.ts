/** Loaded before the program (`node --import`), where the server is a process of its own. */
import { loadConfig } from '../../src/config/config.ts'
import { readEnvironment } from '../../src/config/environment.ts'
import { recordProcess } from './recorder.ts'

recordProcess(() => {
  // Not the whole configuration: it holds secrets.
  const { databaseUrl, dataDir, accessTokenSeconds, refreshTokenSeconds, historyVersions, trashDays } = loadConfig(
    readEnvironment().values,
  )
  const settings = { accessTokenSeconds, refreshTokenSeconds, historyVersions, trashDays }
  return { name: '', database: databaseUrl ?? dataDir, isOverridden: false, isRewritten: false, settings }
})
