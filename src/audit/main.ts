/**
 * `npm run audit`: inspects the server that runs with these settings and prints what it finds, a line for each check.
 * Exit 0: no check fails; 1: one does; 2: wrong usage or settings. In a container:
 * `docker compose exec api node src/audit/main.ts`.
 */
import { parseArgs } from 'node:util'
import { type Config, loadConfig } from '../config/config.ts'
import { envFile, readEnvironment } from '../config/environment.ts'
import { StartupError } from '../startup-error.ts'
import { type Finding, lineOf, reasonOf } from './check.ts'
import { userOf } from './connections.ts'
import { checkDestinations, type Destination, destinationsOf } from './destinations.ts'
import { checkFiles } from './files.ts'
import { checkLicences } from './packages.ts'
import { checkPages } from './pages.ts'
import { checkConnections, checkUser, serverProcesses } from './processes.ts'
import { writeSbom } from './sbom.ts'
import { checkSecrets } from './secrets.ts'
import { addressOfServer, checkDatabase, checkHealth } from './service.ts'

const HELP = `Usage: npm run audit -- [--json] [--sbom FILE]

Inspects the server that runs with these settings, and prints a line for each check: pass, FAIL with what to do about
it, or why it is not possible here.

  --json       Prints one JSON document instead.
  --sbom FILE  Writes the packages that run the server, with their licences, as CycloneDX.
  --help       Prints this.

Exit codes: 0 no check fails, 1 one does, 2 wrong options or settings.
`

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: { json: { type: 'boolean' }, sbom: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help === true) {
      process.stdout.write(HELP)
      return 0
    }
    const config = loadConfig(readEnvironment().values)
    const destinations = destinationsOf(config)
    const findings = await audit(config, destinations, values.sbom)
    const count = (result: Finding['result']): number => findings.filter((finding) => finding.result === result).length
    const [passes, failures, rest] = [count('pass'), count('fail'), count('not possible')]
    const lines = [...findings.map(lineOf), `${passes} passed, ${failures} failed, ${rest} not possible`]
    const document = { passed: failures === 0, destinations, checks: findings }
    const text = values.json === true ? JSON.stringify(document) : lines.join('\n')
    process.stdout.write(`${text}\n`)
    return failures === 0 ? 0 : 1
  } catch (error) {
    const lines = error instanceof StartupError ? error.lines : [reasonOf(error)]
    for (const line of lines) process.stderr.write(`notes-api audit: ${line}\n`)
    return 2
  }
}

async function audit(
  config: Config,
  destinations: readonly Destination[],
  sbom: string | undefined,
): Promise<readonly Finding[]> {
  const pids = serverProcesses(config.port)
  const users = pids?.flatMap((pid) => userOf(pid) ?? []) ?? []
  const { findings, addresses } = await checkDestinations(destinations)
  return [
    await checkHealth(config),
    await checkDatabase(config),
    ...findings,
    checkConnections(config.port, pids, addresses),
    checkUser(pids),
    ...checkSecrets(config),
    ...checkFiles(config, envFile(), users),
    await checkPages(addressOfServer(config)),
    checkLicences(),
    ...(sbom === undefined ? [] : [writeSbom(sbom)]),
  ]
}
