/**
 * Installs what checks compose.yaml and the Dockerfile: `node tests/deployment/install.ts`. The loader of Docker
 * Compose, if Go is new enough, and hadolint. Needs the network once. `npm ci` removes both.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runner } from '../clients/run.ts'
import { hasGo } from '../support/go.ts'
import { print } from '../support/print.ts'
import { installPython } from '../support/python.ts'
import { CACHE, COMPOSE_GO, HADOLINT } from './tools.ts'

installComposeGo()
await installHadolint()

function installComposeGo(): void {
  if (!hasGo()) return print('compose-go: not installed (Go 1.21 or newer is not installed)')
  if (existsSync(COMPOSE_GO.binary)) return print('compose-go: was installed before')
  mkdirSync(CACHE, { recursive: true })
  // go.sum has the checksums of all modules, and `readonly` refuses any other.
  execFileSync('go', ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', '-o', COMPOSE_GO.binary, '.'], {
    cwd: COMPOSE_GO.source,
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
    stdio: 'inherit',
  })
  print('compose-go: installed')
}

async function installHadolint(): Promise<void> {
  if (existsSync(HADOLINT.binary)) return print('hadolint: was installed before')
  const scratch = mkdtempSync(join(tmpdir(), 'notes-hadolint-'))
  try {
    await installPython(CACHE, HADOLINT.requirements, runner(scratch, new AbortController().signal))
    print('hadolint: installed')
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
